//! The life cycle of a key as one table: state × action.
//!
//! *Invariant:* there is no wildcard in the table, so a new state or action does not compile until every cell is decided.

use jiff::SignedDuration;

use crate::error::Error;

/// Between disable and enable, and between delete and restore.
pub(crate) const SETTLING: SignedDuration = SignedDuration::from_secs(30);
/// Between two rotations.
pub(crate) const ROTATION_INTERVAL: SignedDuration = SignedDuration::from_hours(1);
/// Between two syncs, and between a life-cycle change and a sync.
pub(crate) const SYNC_INTERVAL: SignedDuration = SignedDuration::from_hours(1);
/// How long a deleted key can be restored.
pub(crate) const RESTORE_WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);
/// When a deleted key may first be purged.
pub(crate) const PURGE_FROM: SignedDuration = SignedDuration::from_hours(4);
/// When a deleted key is due to be purged.
pub(crate) const PURGE_SCHEDULED: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The states of a key, with their numbers on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// 1: in use.
    Active,
    /// 2: disabled.
    Suspended,
    /// 3: expired.
    Deactivated,
    /// 5: deleted.
    Destroyed,
}

impl State {
    /// Every state.
    pub(crate) const ALL: [Self; 4] = [Self::Active, Self::Suspended, Self::Deactivated, Self::Destroyed];

    /// The number on the wire and in the store.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Active => 1,
            Self::Suspended => 2,
            Self::Deactivated => 3,
            Self::Destroyed => 5,
        }
    }

    /// The state with this number; 0 and 4 are not in use.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

/// What can be done with one existing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyAction {
    /// The key with a standard key's payload.
    Read,
    /// The key without any payload.
    ReadMetadata,
    /// The versions of a key in use.
    ListVersions,
    /// Encrypt a data key.
    Wrap,
    /// Decrypt a data key.
    Unwrap,
    /// Move a wrapped data key to the newest version.
    Rewrap,
    /// Add a version.
    Rotate,
    /// Active → suspended.
    Disable,
    /// Suspended → active.
    Enable,
    /// → destroyed.
    Delete,
    /// Destroyed → active.
    Restore,
    /// Remove a destroyed key for ever.
    Purge,
    /// Tell the resources that use the key about its state again, whatever it is; they have to hear of a deletion, too.
    Sync,
    /// Active → deactivated; the server's own, on the key's expiration date.
    Expire,
    /// First consent to a deletion that takes two people.
    SetForDeletion,
    /// That consent withdrawn.
    UnsetForDeletion,
    /// The key's policies.
    ReadPolicies,
    /// Policies of the key set.
    WritePolicies,
    /// Moved to another ring.
    Patch,
    /// Given one more name.
    CreateAlias,
    /// One of its names taken.
    DeleteAlias,
}

#[cfg(test)]
impl KeyAction {
    /// Every action.
    pub(crate) const ALL: [Self; 21] = [
        Self::Read,
        Self::ReadMetadata,
        Self::ListVersions,
        Self::Wrap,
        Self::Unwrap,
        Self::Rewrap,
        Self::Rotate,
        Self::Disable,
        Self::Enable,
        Self::Delete,
        Self::Restore,
        Self::Purge,
        Self::Sync,
        Self::Expire,
        Self::SetForDeletion,
        Self::UnsetForDeletion,
        Self::ReadPolicies,
        Self::WritePolicies,
        Self::Patch,
        Self::CreateAlias,
        Self::DeleteAlias,
    ];
}

/// What the server does to keys by itself when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chore {
    /// Removes keys that were deleted [`PURGE_SCHEDULED`] ago.
    Purge,
    /// Writes down that keys are past their expiration date. They count as deactivated from the date itself; the
    /// service that this server is compatible with takes up to an hour.
    Expire,
    /// Rotates keys whose rotation policy asks for it: once, however many intervals have passed.
    Rotate,
}

impl Chore {
    /// Every chore, in the order in which they are done.
    pub(crate) const ALL: [Self; 3] = [Self::Expire, Self::Purge, Self::Rotate];

    /// The action that it is on each key.
    pub(crate) const fn action(self) -> KeyAction {
        match self {
            Self::Purge => KeyAction::Purge,
            Self::Expire => KeyAction::Expire,
            Self::Rotate => KeyAction::Rotate,
        }
    }
}

/// One cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// May be done.
    Allowed,
    /// Not in this state.
    WrongState,
    /// Not to a deleted key.
    Gone,
}

impl Rule {
    /// The table.
    pub(crate) const fn of(state: State, action: KeyAction) -> Self {
        use KeyAction::{
            CreateAlias, Delete, DeleteAlias, Disable, Enable, Expire, ListVersions, Patch, Purge, Read, ReadMetadata,
            ReadPolicies, Restore, Rewrap, Rotate, SetForDeletion, Sync, UnsetForDeletion, Unwrap, Wrap, WritePolicies,
        };
        use State::{Active, Deactivated, Destroyed, Suspended};
        match (state, action) {
            (Active | Suspended | Deactivated | Destroyed, Read | ReadMetadata | ReadPolicies | Sync) => Self::Allowed,

            (Active | Suspended | Deactivated, SetForDeletion | UnsetForDeletion | WritePolicies | Patch) => {
                Self::Allowed
            }
            (Destroyed, SetForDeletion | UnsetForDeletion | WritePolicies) => Self::Gone,

            (Active | Suspended | Deactivated, CreateAlias | DeleteAlias) => Self::Allowed,
            (Destroyed, CreateAlias | DeleteAlias) => Self::Gone,

            (Active, ListVersions | Wrap | Unwrap | Rewrap | Rotate | Disable | Delete | Expire) => Self::Allowed,
            (Active, Enable | Restore | Purge) => Self::WrongState,

            (Suspended, Enable | Delete) => Self::Allowed,
            (Suspended, ListVersions | Wrap | Unwrap | Rewrap | Rotate | Disable | Restore | Purge | Expire) => {
                Self::WrongState
            }

            (Deactivated, Unwrap | Rewrap | Rotate | Delete) => Self::Allowed,
            (Deactivated, ListVersions | Wrap | Disable | Enable | Restore | Purge | Expire) => Self::WrongState,

            (Destroyed, Restore | Purge) => Self::Allowed,
            (Destroyed, ListVersions | Expire | Patch) => Self::WrongState,
            (Destroyed, Wrap | Unwrap | Rewrap | Rotate | Disable | Enable | Delete) => Self::Gone,
        }
    }

    /// The cell as a result.
    pub(crate) const fn check(state: State, action: KeyAction) -> Result<(), Error> {
        match Self::of(state, action) {
            Self::Allowed => Ok(()),
            Self::WrongState => Err(Error::InvalidState),
            Self::Gone => Err(Error::KeyDeleted),
        }
    }
}
