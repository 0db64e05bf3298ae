//! Actions, roles, and the table that joins them.
//!
//! *Invariant:* an action that no row names is allowed to nobody.

use crate::keys::lifecycle::KeyAction;

/// Everything that a request can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// `kms.secrets.list`
    ListKeys,
    /// `Key-Total` of a list.
    CountKeys,
    /// `kms.secrets.create`
    CreateKey,
    /// Something with one existing key.
    Key(KeyAction),
    /// `kms.keyrings.list`
    ListRings,
    /// `kms.keyrings.create`
    CreateRing,
    /// `kms.keyrings.delete`
    DeleteRing,
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
    /// New service ID.
    CreateServiceId,
    /// All service IDs of the account.
    ListServiceIds,
    /// New API key of a service ID.
    CreateApiKey,
    /// New access policy.
    CreatePolicy,
    /// Access policies of the account.
    ListPolicies,
    /// One access policy.
    ReadPolicy,
    /// Access policy removed.
    DeletePolicy,
    /// API key → access token.
    IssueToken,
    /// Sign-in code → console session.
    OpenSession,
    /// Who is signed in.
    ReadSession,
    /// Console session → access token.
    IssueConsoleToken,
    /// Sign out.
    CloseSession,
}

impl Action {
    /// Whether it changes which key protects which resource.
    pub(crate) const fn changes_registrations(self) -> bool {
        matches!(
            self,
            Self::CreateRegistration | Self::ReplaceRegistration | Self::MergeRegistration | Self::DeleteRegistration
        )
    }

    /// Whether it looks at one existing key.
    pub(crate) const fn concerns_keys(self) -> bool {
        matches!(self, Self::Key(_) | Self::ListRegistrations) || self.changes_registrations()
    }
}

/// IBM's roles, as far as they decide something here.
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
    /// Manages identities and policies of the account; a platform role.
    Administrator,
    /// Purges deleted keys, and nothing else; no other role contains it.
    KeyPurge,
}

impl Role {
    /// Every role.
    pub(crate) const ALL: [Self; 6] =
        [Self::Reader, Self::ReaderPlus, Self::Writer, Self::Manager, Self::Administrator, Self::KeyPurge];

    /// Name for people.
    pub(crate) const fn display_name(self) -> &'static str {
        match self {
            Self::Reader => "Reader",
            Self::ReaderPlus => "ReaderPlus",
            Self::Writer => "Writer",
            Self::Manager => "Manager",
            Self::Administrator => "Administrator",
            Self::KeyPurge => "KeyPurge",
        }
    }

    /// Full name in policies.
    pub(crate) const fn crn(self) -> &'static str {
        match self {
            Self::Reader => "crn:v1:bluemix:public:iam::::serviceRole:Reader",
            Self::ReaderPlus => "crn:v1:bluemix:public:kms::::serviceRole:ReaderPlus",
            Self::Writer => "crn:v1:bluemix:public:iam::::serviceRole:Writer",
            Self::Manager => "crn:v1:bluemix:public:iam::::serviceRole:Manager",
            Self::Administrator => "crn:v1:bluemix:public:iam::::role:Administrator",
            Self::KeyPurge => "crn:v1:bluemix:public:kms::::serviceRole:KeyPurge",
        }
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
    const ADMINISTRATOR: &[Role] = &[Role::Administrator];
    const KEY_PURGE: &[Role] = &[Role::KeyPurge];
    match action {
        Action::ListKeys
        | Action::CountKeys
        | Action::ListRings
        | Action::ListRegistrations
        | Action::CreateRegistration
        | Action::ReplaceRegistration
        | Action::MergeRegistration
        | Action::DeleteRegistration
        | Action::UnknownRequest
        | Action::Key(
            KeyAction::ReadMetadata | KeyAction::ListVersions | KeyAction::Wrap | KeyAction::Unwrap | KeyAction::Rewrap,
        ) => READER_UP,
        Action::Key(KeyAction::Read) => READER_PLUS_UP,
        Action::Key(KeyAction::Purge) => KEY_PURGE,
        Action::CreateKey
        | Action::CreateRing
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
        ) => MANAGER,
        Action::CreateServiceId
        | Action::ListServiceIds
        | Action::CreateApiKey
        | Action::CreatePolicy
        | Action::ListPolicies
        | Action::ReadPolicy
        | Action::DeletePolicy => ADMINISTRATOR,
        // The server's own doing, and what proves identity by a credential of its own; no role stands for that.
        Action::Key(KeyAction::Expire)
        | Action::IssueToken
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
            Action::ListRegistrations,
            Action::CreateRegistration,
            Action::ReplaceRegistration,
            Action::MergeRegistration,
            Action::DeleteRegistration,
            Action::UnknownRequest,
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
    fn a_reader_wraps_and_unwraps_but_does_not_read_keys() {
        assert!(Role::Reader.allows(Action::Key(KeyAction::Wrap)));
        assert!(Role::Reader.allows(Action::Key(KeyAction::Unwrap)));
        assert!(Role::Reader.allows(Action::Key(KeyAction::ReadMetadata)));
        assert!(!Role::Reader.allows(Action::Key(KeyAction::Read)));
        assert!(!Role::Writer.allows(Action::Key(KeyAction::Delete)));
    }
}
