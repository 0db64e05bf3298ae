//! What is done with service instances and their objects, and which roles may.
//!
//! *Invariant:* the tables have no wildcard; platform roles order and remove instances, service roles use what is in them.

use crate::iam::roles::Role;

/// What the resource controller does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResourceAction {
    /// New instance.
    Create,
    /// Instances of the account.
    List,
    /// One instance.
    Read,
    /// Name, plan and flags of an instance.
    Update,
    /// An instance removed.
    Delete,
    /// An instance protected against changes.
    Lock,
    /// That protection lifted.
    Unlock,
    /// Deleted instances that can be restored.
    ListReclamations,
    /// A deleted instance removed for good.
    Reclaim,
    /// A deleted instance restored.
    Restore,
    /// What an instance used.
    ReadUsage,
}

/// What the encrypted object store does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectAction {
    /// Objects of an instance.
    List,
    /// One object, or a part of it.
    Get,
    /// What is known of one object.
    Head,
    /// An object stored or replaced.
    Put,
    /// An object removed.
    Delete,
    /// A data key for a new object.
    Wrap,
    /// The data key of an object.
    Unwrap,
    /// The data key of an object, wrapped under the newest version.
    Rewrap,
    /// A request that nothing answers.
    Unknown,
}

impl ResourceAction {
    /// Which roles may do it.
    pub(super) const fn roles(self) -> &'static [Role] {
        match self {
            Self::List | Self::Read | Self::ListReclamations | Self::ReadUsage => {
                &[Role::Viewer, Role::Operator, Role::Editor, Role::Administrator]
            }
            Self::Create | Self::Update | Self::Delete | Self::Lock | Self::Unlock | Self::Reclaim | Self::Restore => {
                &[Role::Editor, Role::Administrator]
            }
        }
    }
}

impl ObjectAction {
    /// Which roles may do it.
    pub(super) const fn roles(self) -> &'static [Role] {
        match self {
            Self::List | Self::Get | Self::Head | Self::Unwrap | Self::Rewrap | Self::Unknown => {
                &[Role::Reader, Role::ReaderPlus, Role::Writer, Role::Manager]
            }
            Self::Put | Self::Delete | Self::Wrap => &[Role::Writer, Role::Manager],
        }
    }
}
