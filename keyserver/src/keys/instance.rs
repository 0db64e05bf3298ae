//! Service instances as the resource controller sees them.
//!
//! *Invariant:* the root key of an instance is chosen when the instance is made and never changes.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::keys::{
    catalogue::{KEY_PROTECT, Plan},
    crn::{Instance, InstanceId},
    key::KeyId,
};

/// How long a deleted Key Protect instance can be restored.
pub(crate) const RECLAMATION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResourceState {
    /// In use.
    Active,
    /// Deleted, and can be restored for a while.
    PendingReclamation,
    /// Deleted for good.
    Removed,
}

impl ResourceState {
    /// Every state.
    pub(crate) const ALL: [Self; 3] = [Self::Active, Self::PendingReclamation, Self::Removed];

    /// Name on the wire and in the store.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::PendingReclamation => "pending_reclamation",
            Self::Removed => "removed",
        }
    }

    /// The state with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What was last done to an instance; everything is done at once and succeeds or changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastOperation {
    /// Made.
    Create,
    /// Changed.
    Update,
    /// Deleted.
    Delete,
}

impl LastOperation {
    /// Every operation.
    pub(crate) const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    /// Name on the wire and in the store.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The operation with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }
}

/// The root key that encrypts an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RootKeyName {
    /// The Key Protect instance it is in.
    pub(crate) instance: InstanceId,
    /// Its id.
    pub(crate) key: KeyId,
}

/// When and by whom something was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// When.
    pub(crate) at: Timestamp,
    /// IAM id of the caller.
    pub(crate) by: String,
}

/// The deletion of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reclamation {
    /// Id under which it can be undone or hastened.
    pub(crate) id: Uuid,
    /// The deletion.
    pub(crate) deleted: Stamp,
}

impl Reclamation {
    /// When the instance is removed for good.
    pub(crate) fn due(&self) -> Timestamp {
        self.deleted.at.saturating_add(RECLAMATION).expect("a duration is always addable")
    }
}

/// An instance of a service.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// Its GUID.
    pub(crate) id: InstanceId,
    /// Its label.
    pub(crate) name: String,
    /// Name of its service in CRNs and policies.
    pub(crate) service: String,
    /// Its plan.
    pub(crate) plan: Plan,
    /// Region, such as `us-south`.
    pub(crate) region: String,
    /// Account id, 32 hexadecimal digits.
    pub(crate) account: String,
    /// Resource group, as given; the account itself when none was.
    pub(crate) group: String,
    /// The root key that encrypts it.
    pub(crate) root_key: Option<RootKeyName>,
    /// Whether account clean-up may delete it; kept for the caller, nothing here cleans up.
    pub(crate) allow_cleanup: bool,
    /// Refuses changes and deletion while set.
    pub(crate) locked: bool,
    /// Labels.
    pub(crate) tags: Vec<String>,
    /// Where it is in its life.
    pub(crate) state: ResourceState,
    /// What was last done to it.
    pub(crate) last_operation: LastOperation,
    /// When it was made and by whom; the first start is nobody.
    pub(crate) created: Stamp,
    /// Last change.
    pub(crate) updated: Option<Stamp>,
    /// Set while deleted.
    pub(crate) reclamation: Option<Reclamation>,
    /// Counts changes, so that two writers cannot overwrite each other.
    pub(crate) revision: i64,
}

impl Resource {
    /// CRN of the instance.
    pub(crate) fn crn(&self) -> String {
        format!("crn:v1:bluemix:public:{}:{}:a/{}:{}::", self.service, self.region, self.account, self.id)
    }

    /// IAM id of the instance when it acts for itself.
    pub(crate) fn iam_id(&self) -> String {
        format!("crn-{}", self.crn())
    }

    /// A Key Protect instance as its keys see it.
    pub(crate) fn key_protect(&self) -> Instance {
        let (name, region, account) = (self.name.clone(), self.region.clone(), self.account.clone());
        Instance { id: self.id, name, region, account }
    }

    /// Whether it holds root keys.
    pub(crate) fn is_key_protect(&self) -> bool {
        self.service == KEY_PROTECT
    }
}
