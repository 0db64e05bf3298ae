//! HKDF (RFC 5869) and SHA-256 (FIPS 180-4).
//!
//! *Invariant:* derived keys leave as [`Secret`].

use alloc::string::String;

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::codec::hex;
use crate::secret::Secret;

/// A hash function under HKDF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// HKDF with one extract, from which any number of keys are expanded.
pub(crate) enum Hkdf {
    Sha256(hkdf::Hkdf<Sha256>),
    Sha384(hkdf::Hkdf<Sha384>),
    Sha512(hkdf::Hkdf<Sha512>),
}

impl Hkdf {
    /// Extracts from `key` with `salt`; no salt is the same as zero bytes, one for each of the hash.
    pub(crate) fn new(hash: Hash, key: &Secret, salt: &[u8]) -> Self {
        // Extraction reads the key; what it keeps is a hash of it.
        let key = key.expose();
        match hash {
            Hash::Sha256 => Self::Sha256(hkdf::Hkdf::new(Some(salt), key)),
            Hash::Sha384 => Self::Sha384(hkdf::Hkdf::new(Some(salt), key)),
            Hash::Sha512 => Self::Sha512(hkdf::Hkdf::new(Some(salt), key)),
        }
    }

    /// Expands `length` bytes for `info`; `None` beyond 255 blocks of the hash.
    pub(crate) fn expand(&self, info: &[u8], length: usize) -> Option<Secret> {
        let mut key = vec![0; length];
        match self {
            Self::Sha256(hkdf) => hkdf.expand(info, &mut key),
            Self::Sha384(hkdf) => hkdf.expand(info, &mut key),
            Self::Sha512(hkdf) => hkdf.expand(info, &mut key),
        }
        .ok()?;
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
