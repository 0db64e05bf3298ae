//! What the store remembers of registrations.
//!
//! *Invariant:* every change of a registration counts as a change of its key, so that a key is not deleted by somebody who
//! has not seen it.

use async_trait::async_trait;

use crate::{
    error::Error,
    iam::grant::Grant,
    keys::{
        key::{Key, KeyId},
        registration::Registration,
        resource::{CrnPattern, ResourceCrn},
        ring::RingId,
    },
    store::{NewEvent, Page},
};

/// Which registrations a list shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct RegistrationFilter {
    /// Only of this key.
    pub(crate) key: Option<KeyId>,
    /// Only of keys in this ring.
    pub(crate) ring: Option<RingId>,
    /// Only of resources that fit all of these.
    pub(crate) resources: Vec<CrnPattern>,
    /// Only those that do (true) or do not (false) prevent the deletion of their key.
    pub(crate) prevent_key_deletion: Option<bool>,
}

/// A registration with the name that its key has now.
#[derive(Debug)]
pub(crate) struct Registered {
    /// The registration.
    pub(crate) registration: Registration,
    /// Name of the key.
    pub(crate) key_name: String,
}

/// Registrations of the keys that a grant reaches.
#[async_trait]
pub(crate) trait Registrations: Send + Sync {
    /// By key, then by resource.
    async fn registrations(
        &self,
        grant: &Grant,
        filter: RegistrationFilter,
        page: Page,
    ) -> Result<Vec<Registered>, Error>;
    /// How many [`Registrations::registrations`] would list without paging.
    async fn count_registrations(&self, grant: &Grant, filter: RegistrationFilter) -> Result<u64, Error>;
    /// The one of this key and resource.
    async fn registration(
        &self,
        grant: &Grant,
        key: KeyId,
        resource: &ResourceCrn,
    ) -> Result<Option<Registration>, Error>;
    /// All of one key.
    async fn registrations_of(&self, grant: &Grant, key: KeyId) -> Result<Vec<Registration>, Error>;
    /// Adds a registration or replaces the one of the same key and resource, if nobody changed the key since it was read;
    /// `false` if somebody did.
    async fn save_registration(
        &self,
        grant: &Grant,
        key: &Key,
        registration: Registration,
        event: NewEvent,
    ) -> Result<bool, Error>;
    /// Removes a registration; `false` when there is none.
    async fn delete_registration(
        &self,
        grant: &Grant,
        key: &Key,
        resource: &ResourceCrn,
        event: NewEvent,
    ) -> Result<bool, Error>;
}
