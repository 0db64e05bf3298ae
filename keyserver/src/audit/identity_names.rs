//! What is done with identities and their API keys, in the words of IBM's IAM and user management.
//!
//! *Invariant:* every action on every kind of identity has exactly one name.

use crate::{
    audit::{
        event::Severity::{Normal, Warning},
        names::{Names, iam},
    },
    iam::roles::IdentityAction,
};

/// The names of all actions on one kind: what events call it, who keeps it, and its name for people.
macro_rules! names {
    ($action:ident, $kind:literal, $keeper:literal, $label:literal) => {
        match $action {
            IdentityAction::Create => names!("create", Normal, $kind, $keeper, $label),
            IdentityAction::List => names!("list", Normal, $kind, $keeper, $label),
            IdentityAction::Read => names!("read", Normal, $kind, $keeper, $label),
            IdentityAction::Update => names!("update", Normal, $kind, $keeper, $label),
            IdentityAction::Lock => names!("lock", Warning, $kind, $keeper, $label),
            IdentityAction::Unlock => names!("unlock", Warning, $kind, $keeper, $label),
            IdentityAction::Disable => names!("disable", Warning, $kind, $keeper, $label),
            IdentityAction::Enable => names!("enable", Warning, $kind, $keeper, $label),
            IdentityAction::Delete => names!("delete", Warning, $kind, $keeper, $label),
        }
    };
    ($verb:literal, $severity:expr, $kind:literal, $keeper:literal, $label:literal) => {
        iam(concat!($kind, ".", $verb), concat!($keeper, ": ", $verb, " ", $label), $severity)
    };
}

/// Of service IDs.
pub(super) const fn service_id(action: IdentityAction) -> Names {
    names!(action, "iam-identity.account-serviceid", "IAM Identity Service", "service ID")
}

/// Of API keys of service IDs.
pub(super) const fn api_key(action: IdentityAction) -> Names {
    names!(action, "iam-identity.serviceid-apikey", "IAM Identity Service", "API key of service ID")
}

/// Of API keys of users.
pub(super) const fn user_api_key(action: IdentityAction) -> Names {
    names!(action, "iam-identity.user-apikey", "IAM Identity Service", "API key of user")
}

/// Of users.
pub(super) const fn user(action: IdentityAction) -> Names {
    names!(action, "user-management.user", "User Management", "user")
}
