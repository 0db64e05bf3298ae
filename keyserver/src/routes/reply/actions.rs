//! What an error's answer owes to the action that failed: its shape, and a phrase.
//!
//! *Invariant:* knows no error; every action has exactly one row.

use crate::{
    iam::{roles::Action, service_roles::ObjectAction},
    keys::lifecycle::KeyAction,
};

/// Which of IBM's error shapes an action answers in.
pub(in crate::routes) enum Family {
    KeyProtect,
    Token,
    Management,
    ResourceController,
}

/// The shape for this action.
pub(super) const fn family(action: Action) -> Family {
    match action {
        Action::ListKeys
        | Action::CountKeys
        | Action::CreateKey
        | Action::CreateKeyWithPolicies
        | Action::ReadInstancePolicies
        | Action::WriteInstancePolicies
        | Action::ReadAllowedIpPort
        | Action::Key(_)
        | Action::ListRings
        | Action::CreateRing
        | Action::DeleteRing
        | Action::CreateImportToken
        | Action::ReadImportToken
        | Action::ListRegistrations
        | Action::CreateRegistration
        | Action::ReplaceRegistration
        | Action::MergeRegistration
        | Action::DeleteRegistration
        | Action::UnknownRequest
        | Action::Unclassified(_)
        | Action::Object(_)
        | Action::OpenSession
        | Action::ReadSession
        | Action::IssueConsoleToken
        | Action::CloseSession => Family::KeyProtect,
        Action::IssueToken | Action::IssueUserToken | Action::IssueInstanceToken | Action::RotateSigningKey => {
            Family::Token
        }
        Action::Resource(_) => Family::ResourceController,
        Action::ServiceId(_)
        | Action::ApiKey(_)
        | Action::UserApiKey(_)
        | Action::User(_)
        | Action::CreatePolicy
        | Action::ListPolicies
        | Action::ReadPolicy
        | Action::UpdatePolicy
        | Action::RestorePolicy
        | Action::DeletePolicy
        | Action::ListEvents
        | Action::ExportEvents
        | Action::ListCheckpoints => Family::Management,
    }
}

/// What an error of Key Protect says of this action.
pub(super) const fn what_failed(action: Action) -> &'static str {
    match action {
        Action::ListKeys | Action::CountKeys => "Keys could not be retrieved",
        Action::CreateKey | Action::CreateKeyWithPolicies => "Key could not be created",
        Action::ReadInstancePolicies => "Instance policies could not be retrieved",
        Action::ReadAllowedIpPort => "Private endpoint port could not be retrieved",
        Action::WriteInstancePolicies => "Instance policy could not be created",
        Action::Key(KeyAction::Read) => "Key could not be retrieved",
        Action::Key(KeyAction::ReadMetadata) => "Key metadata could not be retrieved",
        Action::Key(KeyAction::ListVersions) => "Key versions could not be retrieved",
        Action::Key(KeyAction::Wrap) => "Wrap with key could not be performed",
        Action::Key(KeyAction::Unwrap) => "Unwrap with key could not be performed",
        Action::Key(KeyAction::Rewrap) => "Rewrap with key could not be performed",
        Action::Key(KeyAction::Rotate) => "Key could not be rotated",
        Action::Key(KeyAction::Disable) => "Key could not be disabled",
        Action::Key(KeyAction::Enable) => "Key could not be enabled",
        Action::Key(KeyAction::Delete) => "Key could not be deleted",
        Action::Key(KeyAction::Restore) => "Key could not be restored",
        Action::Key(KeyAction::Purge) => "Key could not be purged",
        Action::Key(KeyAction::Sync) => "Could not initiate sync requests to associated resources",
        Action::Key(KeyAction::Expire) => "Key could not be deactivated",
        Action::Key(KeyAction::SetForDeletion | KeyAction::UnsetForDeletion) => "Action could not be performed on key",
        Action::Key(KeyAction::ReadPolicies) => "Policies could not be retrieved",
        Action::Key(KeyAction::WritePolicies) => "Policies could not be updated",
        Action::Key(KeyAction::CreateAlias) => "Alias could not be created",
        Action::Key(KeyAction::DeleteAlias) => "Alias could not be deleted",
        Action::Key(KeyAction::Patch) => "Key could not be updated",
        Action::ListRings => "Key rings could not be retrieved",
        Action::CreateRing => "Key ring could not be created",
        Action::DeleteRing => "Key ring could not be deleted",
        Action::CreateImportToken => "Import Token could not be created",
        Action::ReadImportToken => "Import Token could not be retrieved",
        Action::ListRegistrations => "Registrations could not be retrieved",
        Action::CreateRegistration => "Registration could not be created",
        Action::ReplaceRegistration => "Registration could not be replaced",
        Action::MergeRegistration => "Registration could not be updated",
        Action::DeleteRegistration => "Registration could not be deleted",
        Action::OpenSession => "Session could not be opened",
        Action::ReadSession => "Session could not be retrieved",
        Action::IssueConsoleToken | Action::IssueToken | Action::IssueUserToken | Action::IssueInstanceToken => {
            "Token could not be issued"
        }
        Action::CloseSession => "Session could not be closed",
        Action::Object(ObjectAction::List) => "Objects could not be retrieved",
        Action::Object(ObjectAction::Get | ObjectAction::Head) => "Object could not be retrieved",
        Action::Object(ObjectAction::Put) => "Object could not be stored",
        Action::Object(ObjectAction::Delete) => "Object could not be deleted",
        Action::Object(ObjectAction::Wrap | ObjectAction::Unwrap | ObjectAction::Rewrap | ObjectAction::Unknown)
        | Action::Resource(_)
        | Action::UnknownRequest
        | Action::RotateSigningKey
        | Action::ServiceId(_)
        | Action::ApiKey(_)
        | Action::UserApiKey(_)
        | Action::User(_)
        | Action::Unclassified(_)
        | Action::CreatePolicy
        | Action::ListPolicies
        | Action::ReadPolicy
        | Action::UpdatePolicy
        | Action::RestorePolicy
        | Action::DeletePolicy
        | Action::ListEvents
        | Action::ExportEvents
        | Action::ListCheckpoints => "Request could not be performed",
    }
}
