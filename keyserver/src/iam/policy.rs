//! Access policies: who has which roles on what.
//!
//! *Invariant:* an attribute that is not understood is refused when the policy is made, never ignored; ignoring one would
//! widen access.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    iam::roles::{Action, Role},
    keys::{
        crn::{Instance, InstanceId},
        key::KeyId,
    },
};

/// What a policy reaches; an absent part is no restriction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The account it lives in; always given.
    pub(crate) account: String,
    /// Only this service.
    pub(crate) service: Option<Service>,
    /// Only this instance.
    pub(crate) instance: Option<InstanceId>,
    /// Only this key.
    pub(crate) key: Option<KeyId>,
}

/// Services that a policy can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Key Protect.
    Kms,
}

impl Service {
    /// Name in policies.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kms => "kms",
        }
    }

    /// The service with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        (name == Self::Kms.name()).then_some(Self::Kms)
    }
}

/// A stored policy of type `access`.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// Its id.
    pub(crate) id: Uuid,
    /// Label.
    pub(crate) description: Option<String>,
    /// IAM id of the one who gets access.
    pub(crate) subject: String,
    /// Which roles they get.
    pub(crate) roles: Vec<Role>,
    /// On what.
    pub(crate) scope: Scope,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// IAM id of its maker.
    pub(crate) created_by: String,
}

impl Policy {
    /// Whether it lets its subject do this somewhere in this instance.
    pub(super) fn allows_in(&self, action: Action, instance: &Instance) -> bool {
        self.scope.account == instance.account
            && self.scope.instance.is_none_or(|id| id == instance.id)
            && self.roles.iter().any(|role| role.allows(action))
    }

    /// Whether it lets its subject do this in the account itself.
    pub(super) fn allows_in_account(&self, action: Action, account: &str) -> bool {
        self.scope.account == account
            && self.scope.service.is_none()
            && self.scope.instance.is_none()
            && self.scope.key.is_none()
            && self.roles.iter().any(|role| role.allows(action))
    }
}
