//! Keys that sign access tokens, as the store keeps them.
//!
//! *Invariant:* private keys arrive and leave sealed.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{error::Error, keys::material::SealedMaterial, store::NewEvent};

/// A key pair, sealed.
#[derive(Debug, Clone)]
pub(crate) struct SealedSigningKey {
    /// Its id, which tokens name.
    pub(crate) id: String,
    /// When it begins to sign.
    pub(crate) signs_from: Timestamp,
    /// The private key.
    pub(crate) sealed: SealedMaterial,
}

/// Keys that sign access tokens. They are the installation's own and need no grant.
#[async_trait]
pub(crate) trait SigningKeys: Send + Sync {
    /// All of them, in the order in which they sign.
    async fn signing_keys(&self) -> Result<Vec<SealedSigningKey>, Error>;
    /// Adds one, if `newest` is still the newest; `false` if it is not.
    async fn insert_signing_key(&self, newest: &str, key: SealedSigningKey, event: NewEvent) -> Result<bool, Error>;
    /// Forgets one; fine when it is not there.
    async fn delete_signing_key(&self, id: &str) -> Result<(), Error>;
}
