//! Actions, roles, and the table that joins them.
//!
//! *Invariant:* an action that no row names is allowed to nobody.

use crate::{
    iam::service_roles::{ObjectAction, ResourceAction},
    keys::lifecycle::KeyAction,
};

/// Everything that a request can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// `kms.secrets.list`
    ListKeys,
    /// `Key-Total` of a list.
    CountKeys,
    /// `kms.secrets.create`
    CreateKey,
    /// `kms.secrets-with-policy-overrides.create`
    CreateKeyWithPolicies,
    /// Policies of the instance.
    ReadInstancePolicies,
    /// Policies of the instance set.
    WriteInstancePolicies,
    /// `kms.instance.readallowedipport`
    ReadAllowedIpPort,
    /// Something with one existing key.
    Key(KeyAction),
    /// `kms.keyrings.list`
    ListRings,
    /// `kms.keyrings.create`
    CreateRing,
    /// `kms.keyrings.delete`
    DeleteRing,
    /// `kms.importtoken.create`
    CreateImportToken,
    /// `kms.importtoken.read`
    ReadImportToken,
    /// `kms.registrations.list`, `kms.registrations.listforkey`
    ListRegistrations,
    /// `kms.registrations.create`
    CreateRegistration,
    /// `kms.registrations.write`
    ReplaceRegistration,
    /// `kms.registrations.merge`
    MergeRegistration,
    /// `kms.registrations.delete`
    DeleteRegistration,
    /// A Key Protect request that nothing answers.
    UnknownRequest,
    /// The same, where its path says what it is about.
    Unclassified(Group),
    /// Something with service IDs.
    ServiceId(IdentityAction),
    /// Something with API keys of service IDs.
    ApiKey(IdentityAction),
    /// Something with API keys of users.
    UserApiKey(IdentityAction),
    /// Something with users.
    User(IdentityAction),
    /// New policy.
    CreatePolicy,
    /// Policies of the account.
    ListPolicies,
    /// One policy.
    ReadPolicy,
    /// Policy replaced.
    UpdatePolicy,
    /// Deleted policy made active again.
    RestorePolicy,
    /// Policy removed.
    DeletePolicy,
    /// API key of a service ID → access token.
    IssueToken,
    /// API key of a user → access token.
    IssueUserToken,
    /// Operator's token → token of a service instance.
    IssueInstanceToken,
    /// Next key that signs access tokens.
    RotateSigningKey,
    /// Sign-in code → console session.
    OpenSession,
    /// Who is signed in.
    ReadSession,
    /// Console session → access token.
    IssueConsoleToken,
    /// Sign out.
    CloseSession,
    /// Events of the account, found by what they say.
    ListEvents,
    /// The audit trail as it is.
    ExportEvents,
    /// Signed checkpoints of the audit trail.
    ListCheckpoints,
    /// Something with service instances.
    Resource(ResourceAction),
    /// Something with the objects of a service instance, or with its root key on their behalf.
    Object(ObjectAction),
}

/// What can be done with identities and their API keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityAction {
    /// Make one.
    Create,
    /// See which there are.
    List,
    /// See one.
    Read,
    /// Change what is said about one.
    Update,
    /// Keep one from being changed.
    Lock,
    /// Let one be changed again.
    Unlock,
    /// Keep one from being used.
    Disable,
    /// Let one be used again.
    Enable,
    /// Remove one.
    Delete,
}

/// How much of an instance a policy must reach to say anything about an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Some keys are enough; the action is done with those only.
    Keys,
    /// A whole ring.
    Ring,
    /// The whole instance.
    Instance,
}

/// What a request is about that nothing answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Aliases of keys.
    Aliases,
    /// Key rings.
    Rings,
    /// The import token.
    ImportToken,
    /// Registrations.
    Registrations,
    /// Policies of keys.
    Policies,
    /// Policies of the instance.
    InstancePolicies,
}

impl Action {
    /// Whether it changes which key protects which resource.
    pub(crate) const fn changes_registrations(self) -> bool {
        matches!(
            self,
            Self::CreateRegistration | Self::ReplaceRegistration | Self::MergeRegistration | Self::DeleteRegistration
        )
    }

    /// Whether it looks at the instance's import token: to hand it out, or to open what was encrypted for it.
    pub(crate) const fn uses_import_token(self) -> bool {
        matches!(
            self,
            Self::ReadImportToken
                | Self::CreateKey
                | Self::CreateKeyWithPolicies
                | Self::Key(KeyAction::Rotate | KeyAction::Restore)
        )
    }

    /// Whether it looks at one existing key.
    pub(crate) const fn concerns_keys(self) -> bool {
        matches!(self, Self::Key(_) | Self::ListRegistrations) || self.changes_registrations()
    }

    /// How much a policy must reach; what no row names asks for the whole instance.
    pub(crate) const fn extent(self) -> Extent {
        match self {
            Self::ListKeys | Self::CountKeys | Self::UnknownRequest | Self::Unclassified(_) => Extent::Keys,
            Self::CreateKey | Self::CreateKeyWithPolicies => Extent::Ring,
            _ if self.concerns_keys() => Extent::Keys,
            _ => Extent::Instance,
        }
    }
}

/// IBM's roles, as far as they decide something here. The full names of ReaderPlus, KeyPurge and KmipAdapterManager are not
/// published; they are spelled as those of other roles that one service has for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Uses keys.
    Reader,
    /// Reader, and payloads of standard keys.
    ReaderPlus,
    /// ReaderPlus, and makes and rotates keys.
    Writer,
    /// Writer, and disables, deletes and restores keys.
    Manager,
    /// Purges deleted keys, and nothing else; no other role contains it.
    KeyPurge,
    /// Manages KMIP adapters, and sees which keys there are.
    KmipAdapterManager,
    /// Sees instances and policies; a platform role.
    Viewer,
    /// Viewer, and operates instances; a platform role.
    Operator,
    /// Operator, and makes and removes instances; a platform role.
    Editor,
    /// Editor, and manages identities and policies; a platform role.
    Administrator,
    /// Hands its access on to services it depends on; a role of authorizations.
    AuthorizationDelegator,
}

impl Role {
    /// Every role.
    pub(crate) const ALL: [Self; 11] = [
        Self::Reader,
        Self::ReaderPlus,
        Self::Writer,
        Self::Manager,
        Self::KeyPurge,
        Self::KmipAdapterManager,
        Self::Viewer,
        Self::Operator,
        Self::Editor,
        Self::Administrator,
        Self::AuthorizationDelegator,
    ];

    /// Name for people.
    pub(crate) const fn display_name(self) -> &'static str {
        match self {
            Self::Reader => "Reader",
            Self::ReaderPlus => "ReaderPlus",
            Self::Writer => "Writer",
            Self::Manager => "Manager",
            Self::KeyPurge => "KeyPurge",
            Self::KmipAdapterManager => "KmipAdapterManager",
            Self::Viewer => "Viewer",
            Self::Operator => "Operator",
            Self::Editor => "Editor",
            Self::Administrator => "Administrator",
            Self::AuthorizationDelegator => "AuthorizationDelegator",
        }
    }

    /// Full name in policies.
    pub(crate) const fn crn(self) -> &'static str {
        match self {
            Self::Reader => "crn:v1:bluemix:public:iam::::serviceRole:Reader",
            Self::ReaderPlus => "crn:v1:bluemix:public:kms::::serviceRole:ReaderPlus",
            Self::Writer => "crn:v1:bluemix:public:iam::::serviceRole:Writer",
            Self::Manager => "crn:v1:bluemix:public:iam::::serviceRole:Manager",
            Self::KeyPurge => "crn:v1:bluemix:public:kms::::serviceRole:KeyPurge",
            Self::KmipAdapterManager => "crn:v1:bluemix:public:kms::::serviceRole:KmipAdapterManager",
            Self::Viewer => "crn:v1:bluemix:public:iam::::role:Viewer",
            Self::Operator => "crn:v1:bluemix:public:iam::::role:Operator",
            Self::Editor => "crn:v1:bluemix:public:iam::::role:Editor",
            Self::Administrator => "crn:v1:bluemix:public:iam::::role:Administrator",
            Self::AuthorizationDelegator => "crn:v1:bluemix:public:iam::::role:AuthorizationDelegator",
        }
    }

    /// Whether whoever has this role has all that the other one gives.
    pub(crate) fn includes(self, other: Self) -> bool {
        const USE: [Role; 4] = [Role::Reader, Role::ReaderPlus, Role::Writer, Role::Manager];
        const PLATFORM: [Role; 4] = [Role::Viewer, Role::Operator, Role::Editor, Role::Administrator];
        let on_one_ladder = [USE, PLATFORM].iter().any(|ladder| {
            let step = |role| ladder.iter().position(|other| *other == role);
            matches!((step(self), step(other)), (Some(mine), Some(theirs)) if mine >= theirs)
        });
        self == other || on_one_ladder || (self == Self::Manager && other == Self::KmipAdapterManager)
    }

    /// The role with this full name.
    pub(crate) fn from_crn(crn: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.crn() == crn)
    }

    /// Whether this role is one of those that may do it.
    pub(crate) fn allows(self, action: Action) -> bool {
        roles_for(action).contains(&self)
    }
}

/// The table.
const fn roles_for(action: Action) -> &'static [Role] {
    const READER_UP: &[Role] = &[Role::Reader, Role::ReaderPlus, Role::Writer, Role::Manager];
    const READER_PLUS_UP: &[Role] = &[Role::ReaderPlus, Role::Writer, Role::Manager];
    const WRITER_UP: &[Role] = &[Role::Writer, Role::Manager];
    const MANAGER: &[Role] = &[Role::Manager];
    const LISTERS: &[Role] = &[Role::Reader, Role::ReaderPlus, Role::Writer, Role::Manager, Role::KmipAdapterManager];
    const ADMINISTRATOR: &[Role] = &[Role::Administrator];
    const KEY_PURGE: &[Role] = &[Role::KeyPurge];
    const VIEWER_UP: &[Role] = &[Role::Viewer, Role::Operator, Role::Editor, Role::Administrator];
    match action {
        Action::ListKeys | Action::CountKeys | Action::ListRings => LISTERS,
        Action::ListRegistrations
        | Action::CreateRegistration
        | Action::ReplaceRegistration
        | Action::MergeRegistration
        | Action::DeleteRegistration
        | Action::UnknownRequest
        | Action::Unclassified(_)
        | Action::Key(
            KeyAction::ReadMetadata | KeyAction::ListVersions | KeyAction::Wrap | KeyAction::Unwrap | KeyAction::Rewrap,
        ) => READER_UP,
        Action::Key(KeyAction::Read) => READER_PLUS_UP,
        Action::Key(KeyAction::Purge) => KEY_PURGE,
        Action::CreateKey
        | Action::CreateRing
        | Action::CreateImportToken
        | Action::ReadImportToken
        | Action::Key(
            KeyAction::CreateAlias
            | KeyAction::DeleteAlias
            | KeyAction::Rotate
            | KeyAction::Sync
            | KeyAction::SetForDeletion
            | KeyAction::UnsetForDeletion,
        ) => WRITER_UP,
        Action::DeleteRing
        | Action::Key(
            KeyAction::Disable
            | KeyAction::Enable
            | KeyAction::Delete
            | KeyAction::Restore
            | KeyAction::ReadPolicies
            | KeyAction::WritePolicies
            | KeyAction::Patch,
        )
        | Action::CreateKeyWithPolicies
        | Action::ReadInstancePolicies
        | Action::WriteInstancePolicies
        | Action::ReadAllowedIpPort => MANAGER,
        Action::ServiceId(IdentityAction::List | IdentityAction::Read)
        | Action::ApiKey(IdentityAction::List | IdentityAction::Read)
        | Action::UserApiKey(IdentityAction::List | IdentityAction::Read)
        | Action::User(IdentityAction::List | IdentityAction::Read) => VIEWER_UP,
        Action::ServiceId(_)
        | Action::ApiKey(_)
        | Action::UserApiKey(_)
        | Action::User(_)
        | Action::CreatePolicy
        | Action::UpdatePolicy
        | Action::RestorePolicy
        | Action::DeletePolicy
        | Action::ListEvents
        | Action::ExportEvents
        | Action::ListCheckpoints => ADMINISTRATOR,
        Action::ListPolicies | Action::ReadPolicy => VIEWER_UP,
        Action::Resource(action) => action.roles(),
        Action::Object(action) => action.roles(),
        // The server's own doing, and what proves identity by a credential of its own; no role stands for that.
        Action::Key(KeyAction::Expire)
        | Action::IssueToken
        | Action::IssueUserToken
        | Action::IssueInstanceToken
        | Action::RotateSigningKey
        | Action::OpenSession
        | Action::ReadSession
        | Action::IssueConsoleToken
        | Action::CloseSession => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_names_round_trip() {
        for role in Role::ALL {
            assert_eq!(Role::from_crn(role.crn()), Some(role));
        }
    }

    #[test]
    fn each_service_role_contains_the_one_below() {
        let ladder = [Role::Reader, Role::ReaderPlus, Role::Writer, Role::Manager];
        let off_the_ladder = [KeyAction::Purge, KeyAction::Expire];
        let actions = KeyAction::ALL.into_iter().filter(|action| !off_the_ladder.contains(action)).map(Action::Key);
        let actions = actions.chain([
            Action::ListKeys,
            Action::CountKeys,
            Action::CreateKey,
            Action::ListRings,
            Action::CreateRing,
            Action::DeleteRing,
            Action::CreateImportToken,
            Action::ReadImportToken,
            Action::ListRegistrations,
            Action::CreateRegistration,
            Action::ReplaceRegistration,
            Action::MergeRegistration,
            Action::DeleteRegistration,
            Action::UnknownRequest,
            Action::Unclassified(Group::Rings),
        ]);
        let actions = actions.chain([
            Action::CreateKeyWithPolicies,
            Action::ReadInstancePolicies,
            Action::WriteInstancePolicies,
            Action::ReadAllowedIpPort,
        ]);
        for action in actions {
            for pair in ladder.windows(2) {
                assert!(!pair[0].allows(action) || pair[1].allows(action), "{action:?} {pair:?}");
            }
            assert!(Role::Manager.allows(action), "{action:?}");
            assert!(!Role::Administrator.allows(action), "{action:?}");
        }
    }

    #[test]
    fn purging_is_for_its_own_role_and_that_role_for_purging_alone() {
        for role in Role::ALL {
            assert_eq!(role.allows(Action::Key(KeyAction::Purge)), role == Role::KeyPurge, "{role:?}");
            assert!(!role.allows(Action::Key(KeyAction::Expire)), "{role:?}");
        }
        let others = KeyAction::ALL.into_iter().filter(|action| *action != KeyAction::Purge).map(Action::Key);
        for action in others.chain([Action::ListKeys, Action::CountKeys, Action::CreateKey, Action::UnknownRequest]) {
            assert!(!Role::KeyPurge.allows(action), "{action:?}");
        }
    }

    #[test]
    fn a_role_includes_itself_and_what_it_builds_on() {
        for role in Role::ALL {
            assert!(role.includes(role));
        }
        assert!(Role::Manager.includes(Role::Reader) && !Role::Reader.includes(Role::ReaderPlus));
        assert!(Role::Editor.includes(Role::Viewer) && !Role::Editor.includes(Role::Administrator));
        assert!(!Role::Administrator.includes(Role::Reader) && !Role::Manager.includes(Role::Viewer));
        assert!(!Role::Manager.includes(Role::KeyPurge) && Role::Manager.includes(Role::KmipAdapterManager));
        assert!(!Role::Administrator.includes(Role::AuthorizationDelegator));
    }

    #[test]
    fn a_reader_wraps_and_unwraps_but_does_not_read_keys() {
        assert!(Role::Reader.allows(Action::Key(KeyAction::Wrap)));
        assert!(Role::Reader.allows(Action::Key(KeyAction::Unwrap)));
        assert!(Role::Reader.allows(Action::Key(KeyAction::ReadMetadata)));
        assert!(!Role::Reader.allows(Action::Key(KeyAction::Read)));
        assert!(!Role::Writer.allows(Action::Key(KeyAction::Delete)));
    }
}
