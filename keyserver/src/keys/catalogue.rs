//! What can be ordered: services and their plans.
//!
//! *Invariant:* an id of a plan means one plan of one service for ever; instances remember the id, not the offer.
//!
//! | service | plan | `resource_plan_id` |
//! | --- | --- | --- |
//! | `kms` | tiered pricing | `eedd3585-90c6-4c8f-be3d-062069e99fc3` |
//! | `kms` | cross-region resiliency | `4e853ad3-5820-49c7-8d07-a179fb15b9ee` |
//! | the encrypted object store | `lite` | `2b1f4f0e-7f0b-4f43-9c39-61f2a9b7c801` |
//! | the encrypted object store | `standard` | `7c9a5d52-0d8e-4c1b-8a76-3de5b40f9c02` |
//! | the encrypted object store | `premium` | `d0e36c1a-94b7-4f6d-b2c8-58a1f7e24d03` |
//!
//! The plans of `kms` have the ids of the real service; here they differ in nothing but the id.

use uuid::{Uuid, uuid};

/// Name of Key Protect in CRNs and policies.
pub(crate) const KEY_PROTECT: &str = "kms";

/// A plan of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Key Protect, priced by use.
    KeyProtectTiered,
    /// Key Protect, kept in several regions.
    KeyProtectResilient,
    /// Object store to try out; cannot be encrypted.
    ObjectsLite,
    /// Object store; cannot be encrypted.
    ObjectsStandard,
    /// Object store that can be encrypted by a root key.
    ObjectsPremium,
}

impl Plan {
    /// Every plan.
    pub(crate) const ALL: [Self; 5] = [
        Self::KeyProtectTiered,
        Self::KeyProtectResilient,
        Self::ObjectsLite,
        Self::ObjectsStandard,
        Self::ObjectsPremium,
    ];

    /// Its id, `resource_plan_id` on the wire.
    pub(crate) const fn id(self) -> Uuid {
        match self {
            Self::KeyProtectTiered => uuid!("eedd3585-90c6-4c8f-be3d-062069e99fc3"),
            Self::KeyProtectResilient => uuid!("4e853ad3-5820-49c7-8d07-a179fb15b9ee"),
            Self::ObjectsLite => uuid!("2b1f4f0e-7f0b-4f43-9c39-61f2a9b7c801"),
            Self::ObjectsStandard => uuid!("7c9a5d52-0d8e-4c1b-8a76-3de5b40f9c02"),
            Self::ObjectsPremium => uuid!("d0e36c1a-94b7-4f6d-b2c8-58a1f7e24d03"),
        }
    }

    /// The plan with this id.
    pub(crate) fn from_id(id: Uuid) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.id() == id)
    }

    /// The service it is a plan of.
    pub(crate) const fn offer(self) -> Offer {
        match self {
            Self::KeyProtectTiered | Self::KeyProtectResilient => Offer::KeyProtect,
            Self::ObjectsLite | Self::ObjectsStandard | Self::ObjectsPremium => Offer::Objects,
        }
    }

    /// Whether its instances can be encrypted by a root key of the customer.
    pub(crate) const fn can_be_encrypted(self) -> bool {
        matches!(self, Self::ObjectsPremium)
    }
}

/// A service that can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Root keys.
    KeyProtect,
    /// Objects sealed under a root key.
    Objects,
}

impl Offer {
    /// Its id, `resource_id` on the wire.
    pub(crate) const fn id(self) -> Uuid {
        match self {
            Self::KeyProtect => uuid!("ee41347f-b18e-4ca6-bf80-b5467c63f9a6"),
            Self::Objects => uuid!("6a1c2f7e-3b58-4f0a-9d64-c17e5b92a800"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_different_and_found_again() {
        for plan in Plan::ALL {
            assert_eq!(Plan::from_id(plan.id()), Some(plan));
        }
    }
}
