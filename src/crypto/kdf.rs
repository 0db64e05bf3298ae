//! HKDF (RFC 5869) and SHA-256 (FIPS 180-4).
//!
//! *Invariant:* derived keys leave as [`Secret`].

use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::codec::hex;
use crate::secret::Secret;

pub(crate) use envelock_primitives::Hash;

/// HKDF with one extract, from which any number of keys are expanded.
pub(crate) struct Hkdf(envelock_primitives::Hkdf);

impl Hkdf {
    /// Extracts from `key` with `salt`; no salt is the same as zero bytes, one for each of the hash.
    pub(crate) fn new(hash: Hash, key: &Secret, salt: &[u8]) -> Self {
        // Extraction reads the key; what it keeps is a hash of it.
        Self(envelock_primitives::Hkdf::new(hash, key.expose(), salt))
    }

    /// Expands `length` bytes for `info`; `None` beyond 255 blocks of the hash.
    pub(crate) fn expand(&self, info: &[u8], length: usize) -> Option<Secret> {
        let mut key = vec![0; length];
        self.0.expand(info, &mut key)?;
        Some(Secret::new(key))
    }
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 over a list of byte strings, each behind its length, so that no two lists have the same digest.
pub(crate) fn sha256_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}
