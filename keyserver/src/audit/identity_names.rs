//! What is done with identities and their API keys, in the words of IBM's IAM and user management.
//!
//! *Invariant:* every action on every kind of identity has exactly one name.

use crate::{
    audit::{
        event::Severity,
        names::{Names, iam},
    },
    iam::roles::IdentityAction,
};

/// Of service IDs.
pub(super) const fn service_id(action: IdentityAction) -> Names {
    match action {
        IdentityAction::Create => {
            iam("iam-identity.account-serviceid.create", "IAM Identity Service: create service ID", Severity::Normal)
        }
        IdentityAction::List => {
            iam("iam-identity.account-serviceid.list", "IAM Identity Service: list service ID", Severity::Normal)
        }
        IdentityAction::Read => {
            iam("iam-identity.account-serviceid.read", "IAM Identity Service: read service ID", Severity::Normal)
        }
        IdentityAction::Update => {
            iam("iam-identity.account-serviceid.update", "IAM Identity Service: update service ID", Severity::Normal)
        }
        IdentityAction::Lock => {
            iam("iam-identity.account-serviceid.lock", "IAM Identity Service: lock service ID", Severity::Warning)
        }
        IdentityAction::Unlock => {
            iam("iam-identity.account-serviceid.unlock", "IAM Identity Service: unlock service ID", Severity::Warning)
        }
        IdentityAction::Disable => {
            iam("iam-identity.account-serviceid.disable", "IAM Identity Service: disable service ID", Severity::Warning)
        }
        IdentityAction::Enable => {
            iam("iam-identity.account-serviceid.enable", "IAM Identity Service: enable service ID", Severity::Warning)
        }
        IdentityAction::Delete => {
            iam("iam-identity.account-serviceid.delete", "IAM Identity Service: delete service ID", Severity::Warning)
        }
    }
}

/// Of API keys of service IDs.
pub(super) const fn api_key(action: IdentityAction) -> Names {
    match action {
        IdentityAction::Create => iam(
            "iam-identity.serviceid-apikey.create",
            "IAM Identity Service: create API key of service ID",
            Severity::Normal,
        ),
        IdentityAction::List => iam(
            "iam-identity.serviceid-apikey.list",
            "IAM Identity Service: list API key of service ID",
            Severity::Normal,
        ),
        IdentityAction::Read => iam(
            "iam-identity.serviceid-apikey.read",
            "IAM Identity Service: read API key of service ID",
            Severity::Normal,
        ),
        IdentityAction::Update => iam(
            "iam-identity.serviceid-apikey.update",
            "IAM Identity Service: update API key of service ID",
            Severity::Normal,
        ),
        IdentityAction::Lock => iam(
            "iam-identity.serviceid-apikey.lock",
            "IAM Identity Service: lock API key of service ID",
            Severity::Warning,
        ),
        IdentityAction::Unlock => iam(
            "iam-identity.serviceid-apikey.unlock",
            "IAM Identity Service: unlock API key of service ID",
            Severity::Warning,
        ),
        IdentityAction::Disable => iam(
            "iam-identity.serviceid-apikey.disable",
            "IAM Identity Service: disable API key of service ID",
            Severity::Warning,
        ),
        IdentityAction::Enable => iam(
            "iam-identity.serviceid-apikey.enable",
            "IAM Identity Service: enable API key of service ID",
            Severity::Warning,
        ),
        IdentityAction::Delete => iam(
            "iam-identity.serviceid-apikey.delete",
            "IAM Identity Service: delete API key of service ID",
            Severity::Warning,
        ),
    }
}

/// Of API keys of users.
pub(super) const fn user_api_key(action: IdentityAction) -> Names {
    match action {
        IdentityAction::Create => {
            iam("iam-identity.user-apikey.create", "IAM Identity Service: create API key of user", Severity::Normal)
        }
        IdentityAction::List => {
            iam("iam-identity.user-apikey.list", "IAM Identity Service: list API key of user", Severity::Normal)
        }
        IdentityAction::Read => {
            iam("iam-identity.user-apikey.read", "IAM Identity Service: read API key of user", Severity::Normal)
        }
        IdentityAction::Update => {
            iam("iam-identity.user-apikey.update", "IAM Identity Service: update API key of user", Severity::Normal)
        }
        IdentityAction::Lock => {
            iam("iam-identity.user-apikey.lock", "IAM Identity Service: lock API key of user", Severity::Warning)
        }
        IdentityAction::Unlock => {
            iam("iam-identity.user-apikey.unlock", "IAM Identity Service: unlock API key of user", Severity::Warning)
        }
        IdentityAction::Disable => {
            iam("iam-identity.user-apikey.disable", "IAM Identity Service: disable API key of user", Severity::Warning)
        }
        IdentityAction::Enable => {
            iam("iam-identity.user-apikey.enable", "IAM Identity Service: enable API key of user", Severity::Warning)
        }
        IdentityAction::Delete => {
            iam("iam-identity.user-apikey.delete", "IAM Identity Service: delete API key of user", Severity::Warning)
        }
    }
}

/// Of users.
pub(super) const fn user(action: IdentityAction) -> Names {
    match action {
        IdentityAction::Create => iam("user-management.user.create", "User Management: create user", Severity::Normal),
        IdentityAction::List => iam("user-management.user.list", "User Management: list user", Severity::Normal),
        IdentityAction::Read => iam("user-management.user.read", "User Management: read user", Severity::Normal),
        IdentityAction::Update => iam("user-management.user.update", "User Management: update user", Severity::Normal),
        IdentityAction::Lock => iam("user-management.user.lock", "User Management: lock user", Severity::Warning),
        IdentityAction::Unlock => iam("user-management.user.unlock", "User Management: unlock user", Severity::Warning),
        IdentityAction::Disable => {
            iam("user-management.user.disable", "User Management: disable user", Severity::Warning)
        }
        IdentityAction::Enable => iam("user-management.user.enable", "User Management: enable user", Severity::Warning),
        IdentityAction::Delete => iam("user-management.user.delete", "User Management: delete user", Severity::Warning),
    }
}
