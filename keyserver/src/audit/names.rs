//! What each action is called in events, and how severe it is by itself.
//!
//! *Invariant:* every action has exactly one name; the table has no wildcard.

use crate::{
    audit::{event::Severity, identity_names, service_names},
    iam::roles::{Action, Group},
    keys::lifecycle::KeyAction,
};

/// One row.
pub(super) struct Names {
    pub(super) event: &'static str,
    pub(super) message: &'static str,
    pub(super) type_uri: &'static str,
    pub(super) credential: &'static str,
    pub(super) severity: Severity,
    /// Use of the service, as opposed to its management.
    pub(super) data_event: bool,
}

impl Names {
    pub(super) const fn of(action: Action) -> Self {
        use KeyAction::{
            CreateAlias, Delete, DeleteAlias, Disable, Enable, Expire, ListVersions, Patch, Purge, Read, ReadMetadata,
            ReadPolicies, Restore, Rewrap, Rotate, SetForDeletion, Sync, UnsetForDeletion, Unwrap, Wrap, WritePolicies,
        };
        use Severity::{Critical, Normal, Warning};
        match action {
            Action::ListKeys => key("kms.secrets.list", "Key Protect: list secrets", Normal),
            Action::CountKeys => key("kms.secrets.head", "Key Protect: count secrets", Normal),
            Action::CreateKey => key("kms.secrets.create", "Key Protect: create secret", Normal),
            Action::CreateKeyWithPolicies => key(
                "kms.secrets-with-policy-overrides.create",
                "Key Protect: create secret with policy overrides",
                Normal,
            ),
            Action::ReadInstancePolicies => {
                instance("kms.instance-policies.read", "Key Protect: read policies of instance", Normal)
            }
            Action::WriteInstancePolicies => {
                instance("kms.instance-policies.write", "Key Protect: write policies of instance", Warning)
            }
            Action::ReadAllowedIpPort => {
                instance("kms.instance-allowed-ip-port.read", "Key Protect: read port of private network", Normal)
            }
            Action::Key(Read) => key("kms.secrets.read", "Key Protect: read secret", Normal),
            Action::Key(ReadMetadata) => key("kms.secrets-metadata.read", "Key Protect: read secret metadata", Normal),
            Action::Key(ListVersions) => {
                key("kms.secrets-key-versions.list", "Key Protect: list versions of secret", Normal)
            }
            Action::Key(Wrap) => key("kms.secrets.wrap", "Key Protect: wrap secret", Normal),
            Action::Key(Unwrap) => key("kms.secrets.unwrap", "Key Protect: unwrap secret", Normal),
            Action::Key(Rewrap) => key("kms.secrets.rewrap", "Key Protect: rewrap secret", Normal),
            Action::Key(Rotate) => key("kms.secrets.rotate", "Key Protect: rotate secret", Warning),
            Action::Key(Disable) => key("kms.secrets.disable", "Key Protect: disable secret", Warning),
            Action::Key(Enable) => key("kms.secrets.enable", "Key Protect: enable secret", Warning),
            Action::Key(Delete) => key("kms.secrets.delete", "Key Protect: delete secret", Critical),
            Action::Key(Restore) => key("kms.secrets.restore", "Key Protect: restore secret", Warning),
            Action::Key(Purge) => key("kms.secrets.purge", "Key Protect: purge secret", Normal),
            // Not among the documented names; this is what the action is called in IAM.
            Action::Key(Sync) => key("kms.secrets.sync", "Key Protect: sync secret", Normal),
            Action::Key(Expire) => key("kms.secrets.expire", "Key Protect: expire secret", Normal),
            Action::Key(SetForDeletion) => {
                key("kms.secrets.setkeyfordeletion", "Key Protect: set secret for deletion", Warning)
            }
            Action::Key(UnsetForDeletion) => {
                key("kms.secrets.unsetkeyfordeletion", "Key Protect: unset secret for deletion", Warning)
            }
            Action::Key(ReadPolicies) => key("kms.policies.read", "Key Protect: read policies of secret", Normal),
            Action::Key(WritePolicies) => key("kms.policies.write", "Key Protect: write policies of secret", Warning),
            Action::Key(CreateAlias) => key("kms.secrets-alias.create", "Key Protect: create alias of secret", Normal),
            Action::Key(DeleteAlias) => key("kms.secrets-alias.delete", "Key Protect: delete alias of secret", Normal),
            Action::Key(Patch) => key("kms.secrets.patch", "Key Protect: move secret", Normal),
            Action::ListRings => rings("kms.key-rings.list", "Key Protect: list key rings"),
            Action::CreateRing => rings("kms.key-rings.create", "Key Protect: create key ring"),
            Action::DeleteRing => rings("kms.key-rings.delete", "Key Protect: delete key ring"),
            Action::CreateImportToken => import_token("kms.import-token.create", "Key Protect: create import token"),
            Action::ReadImportToken => import_token("kms.import-token.read", "Key Protect: read import token"),
            Action::ListRegistrations => {
                registrations("kms.registrations.list", "Key Protect: list registrations", Normal)
            }
            Action::CreateRegistration => {
                registrations("kms.registrations.create", "Key Protect: create registration", Normal)
            }
            Action::ReplaceRegistration => {
                registrations("kms.registrations.write", "Key Protect: replace registration", Normal)
            }
            Action::MergeRegistration => {
                registrations("kms.registrations.merge", "Key Protect: update registration", Normal)
            }
            Action::DeleteRegistration => {
                registrations("kms.registrations.delete", "Key Protect: delete registration", Critical)
            }
            Action::UnknownRequest => key("kms.secrets.default", "Key Protect: unknown request", Normal),
            Action::ServiceId(action) => identity_names::service_id(action),
            Action::ApiKey(action) => identity_names::api_key(action),
            Action::UserApiKey(action) => identity_names::user_api_key(action),
            Action::User(action) => identity_names::user(action),
            Action::Unclassified(group) => unclassified(group),
            Action::CreatePolicy => iam("iam-am.policy.create", "IAM Access Management: create policy", Warning),
            Action::ListPolicies => iam("iam-am.policy.list", "IAM Access Management: list policies", Normal),
            Action::ReadPolicy => iam("iam-am.policy.read", "IAM Access Management: read policy", Normal),
            Action::UpdatePolicy => iam("iam-am.policy.update", "IAM Access Management: update policy", Warning),
            Action::RestorePolicy => iam("iam-am.policy.update", "IAM Access Management: restore policy", Warning),
            Action::DeletePolicy => iam("iam-am.policy.delete", "IAM Access Management: delete policy", Warning),
            Action::Resource(action) => service_names::resource(action),
            Action::Object(action) => service_names::object(action),
            Action::IssueToken => {
                login("iam-identity.serviceid-apikey.login", "IAM Identity Service: login", "apikey-serviceid")
            }
            Action::IssueUserToken => login("iam-identity.user-apikey.login", "IAM Identity Service: login", "apikey"),
            Action::IssueInstanceToken => login(
                "iam-identity.service-authorization.login",
                "IAM Identity Service: login for service instance",
                "s2s-authorization",
            ),
            Action::ListEvents => iam("envelock.audit-event.list", "Audit trail: find events", Normal),
            Action::ExportEvents => iam("envelock.audit-trail.export", "Audit trail: export events", Warning),
            Action::ListCheckpoints => iam("envelock.audit-checkpoint.list", "Audit trail: list checkpoints", Normal),
            Action::RotateSigningKey => iam("envelock.signing-key.create", "Key server: make signing key", Warning),
            Action::OpenSession => login("envelock.console-session.create", "Console: sign in", "sign-in-link"),
            Action::ReadSession => login("envelock.console-session.read", "Console: read session", "session"),
            Action::IssueConsoleToken => login("envelock.console-token.create", "Console: get token", "session"),
            Action::CloseSession => login("envelock.console-session.delete", "Console: sign out", "session"),
        }
    }
}

const fn key(event: &'static str, message: &'static str, severity: Severity) -> Names {
    Names { event, message, type_uri: "kms/secrets", credential: "token", severity, data_event: true }
}

const fn registrations(event: &'static str, message: &'static str, severity: Severity) -> Names {
    Names { event, message, type_uri: "kms/registrations", credential: "token", severity, data_event: true }
}

/// Some groups call these requests "request", others "default".
const fn unclassified(group: Group) -> Names {
    const MESSAGE: &str = "Key Protect: unknown request";
    match group {
        Group::Aliases => key("kms.secrets-alias.request", MESSAGE, Severity::Normal),
        Group::Rings => rings("kms.key-rings.request", MESSAGE),
        Group::ImportToken => import_token("kms.import-token.request", MESSAGE),
        Group::Registrations => registrations("kms.registrations.default", MESSAGE, Severity::Normal),
        Group::Policies => key("kms.policies.default", MESSAGE, Severity::Normal),
        Group::InstancePolicies => instance("kms.instance-policies.request", MESSAGE, Severity::Normal),
    }
}

const fn rings(event: &'static str, message: &'static str) -> Names {
    let severity = Severity::Normal;
    Names { event, message, type_uri: "kms/key-rings", credential: "token", severity, data_event: false }
}

const fn instance(event: &'static str, message: &'static str, severity: Severity) -> Names {
    Names { event, message, type_uri: "kms/instance-policies", credential: "token", severity, data_event: false }
}

const fn import_token(event: &'static str, message: &'static str) -> Names {
    let severity = Severity::Normal;
    Names { event, message, type_uri: "kms/import-token", credential: "token", severity, data_event: false }
}

pub(super) const fn iam(event: &'static str, message: &'static str, severity: Severity) -> Names {
    Names { event, message, type_uri: "iam/account", credential: "token", severity, data_event: false }
}

const fn login(event: &'static str, message: &'static str, credential: &'static str) -> Names {
    let severity = Severity::Normal;
    Names { event, message, type_uri: "iam/session", credential, severity, data_event: false }
}
