//! HKDF (RFC 5869) over the SHA-2 functions that suites name.
//!
//! *Invariant:* what is extracted stays inside; only expanded keys leave.

use sha2::{Sha256, Sha384, Sha512};

/// A hash function under HKDF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

/// One extract, from which any number of keys are expanded.
pub struct Hkdf(Extracted);

enum Extracted {
    Sha256(hkdf::Hkdf<Sha256>),
    Sha384(hkdf::Hkdf<Sha384>),
    Sha512(hkdf::Hkdf<Sha512>),
}

impl Hkdf {
    /// Extracts from `key` with `salt`; no salt is the same as zero bytes, one for each of the hash.
    pub fn new(hash: Hash, key: &[u8], salt: &[u8]) -> Self {
        Self(match hash {
            Hash::Sha256 => Extracted::Sha256(hkdf::Hkdf::new(Some(salt), key)),
            Hash::Sha384 => Extracted::Sha384(hkdf::Hkdf::new(Some(salt), key)),
            Hash::Sha512 => Extracted::Sha512(hkdf::Hkdf::new(Some(salt), key)),
        })
    }

    /// Fills `key` for `info`; `None` beyond 255 blocks of the hash.
    pub fn expand(&self, info: &[u8], key: &mut [u8]) -> Option<()> {
        match &self.0 {
            Extracted::Sha256(hkdf) => hkdf.expand(info, key),
            Extracted::Sha384(hkdf) => hkdf.expand(info, key),
            Extracted::Sha512(hkdf) => hkdf.expand(info, key),
        }
        .ok()
    }
}
