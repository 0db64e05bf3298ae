//! Everything that is under the master key, to be put under another one.
//!
//! *Invariant:* what was changed since it was read is left alone.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    error::Error,
    keys::{crn::InstanceId, key::KeyId, version::VersionId},
};

/// Where something sealed is.
#[derive(Debug, Clone)]
pub(crate) enum SealedAt {
    /// Material of a version in file custody.
    Version {
        /// Where the key lives.
        instance: InstanceId,
        /// Which key.
        key: KeyId,
        /// Which version.
        version: VersionId,
        /// Whether it may leave the server.
        extractable: bool,
        /// Whether it is the caller's own material.
        imported: bool,
    },
    /// A key that signs access tokens.
    SigningKey(String),
    /// The key that signs checkpoints of the audit trail.
    AuditKey,
    /// Private key of an import token.
    TokenPrivateKey {
        /// The instance whose token it is.
        instance: InstanceId,
        /// Which token.
        token: Uuid,
    },
    /// Nonce of an import token.
    TokenNonce {
        /// The instance whose token it is.
        instance: InstanceId,
        /// Which token.
        token: Uuid,
    },
}

/// Something sealed.
#[derive(Debug)]
pub(crate) struct SealedItem {
    /// Where it is.
    pub(crate) at: SealedAt,
    /// The sealed bytes.
    pub(crate) sealed: Vec<u8>,
}

/// The installation's secrets, as an operator handles them.
#[async_trait]
pub(crate) trait Resealing: Send + Sync {
    /// Versions in file custody by their ids, after one of them, at most so many.
    async fn sealed_versions(&self, after: VersionId, count: u32) -> Result<Vec<SealedItem>, Error>;
    /// All else that is sealed.
    async fn sealed_rest(&self) -> Result<Vec<SealedItem>, Error>;
    /// Puts other bytes in the place of those that were read; each item for itself, where nobody changed it since. Says how many.
    async fn reseal(&self, items: Vec<(SealedItem, Vec<u8>)>) -> Result<usize, Error>;
}
