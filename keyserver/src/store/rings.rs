//! What the store remembers of key rings.
//!
//! *Invariant:* a key is in a ring that exists, and the ring `default` always exists.

use async_trait::async_trait;

use crate::{
    error::Error,
    iam::grant::Grant,
    keys::ring::{KeyRing, RingId},
    store::{NewEvent, Page},
};

/// Key rings of the grant's instance.
#[async_trait]
pub(crate) trait Rings: Send + Sync {
    /// The default ring, then the others, oldest first.
    async fn rings(&self, grant: &Grant, page: Page) -> Result<Vec<KeyRing>, Error>;
    /// How many there are, with the default ring.
    async fn count_rings(&self, grant: &Grant) -> Result<u64, Error>;
    /// Adds a ring; [`Error::RingExists`] or [`Error::TooManyRings`].
    async fn insert_ring(&self, grant: &Grant, ring: KeyRing, event: NewEvent) -> Result<(), Error>;
    /// Removes a ring without keys; with `force` also one that only has deleted keys, which move to the default ring.
    /// [`Error::RingNotFound`], [`Error::RingKeysNotDeleted`] or [`Error::RingNotEmpty`].
    async fn delete_ring(&self, grant: &Grant, id: &RingId, force: bool, event: NewEvent) -> Result<(), Error>;
}
