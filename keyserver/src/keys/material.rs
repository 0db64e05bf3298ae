//! Key material in its two forms: in the clear in memory, sealed everywhere else.
//!
//! *Invariant:* a [`Secret`] cannot be cloned, printed, serialized or compared, and is wiped when dropped.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{error::Error, keys::environment::Entropy};

/// Bytes that must not leave the process: key material, data keys, the master key.
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership; the caller keeps no copy.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Fresh random bytes.
    pub(crate) fn random(length: usize, entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new(vec![0; length]);
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The bytes themselves. Every call site says why it needs them.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether both are the same bytes; told from their digests, so that the time it takes says nothing about them.
    pub(crate) fn holds_same(&self, other: &Self) -> bool {
        Sha256::digest(&self.0) == Sha256::digest(&other.0)
    }
}

/// Material as the store keeps it: encrypted and authenticated under the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealedMaterial(Vec<u8>);

impl SealedMaterial {
    /// Takes what the sealer made, or what the store kept of it.
    pub(crate) fn from_sealed_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The sealed bytes, safe to store.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Size of a root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RootKeySize {
    /// 128 bits.
    Aes128,
    /// 192 bits.
    Aes192,
    /// 256 bits; every generated key.
    Aes256,
}

impl RootKeySize {
    /// The size that material of so many bytes has.
    pub(crate) fn of_bytes(length: usize) -> Result<Self, Error> {
        match length {
            16 => Ok(Self::Aes128),
            24 => Ok(Self::Aes192),
            32 => Ok(Self::Aes256),
            _ => Err(Error::InvalidField {
                name: "payload",
                why: "a root key has 16, 24 or 32 bytes (128, 192 or 256 bits) before base64 encoding",
            }),
        }
    }
}
