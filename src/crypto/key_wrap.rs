//! AES key wrap (RFC 3394, NIST SP 800-38F "KW").
//!
//! *Invariant:* a key whose integrity check fails does not come out.

use alloc::boxed::Box;
use alloc::vec::Vec;

use aes_kw::{AesKw, InnerInit};
use envelock_primitives::Aes;

use crate::secret::Secret;

use super::gcm::NotAuthentic;

/// The algorithm works on halves of a block.
const HALF_BLOCK: usize = 8;
/// Two half blocks; a shorter key is outside the standard.
const SHORTEST_KEY: usize = 2 * HALF_BLOCK;

/// AES key wrap under one key of 16, 24 or 32 bytes.
pub(crate) struct KeyWrap(Box<AesKw<Aes>>);

impl KeyWrap {
    /// `None` unless the key has 16, 24 or 32 bytes.
    pub(crate) fn new(key: &Secret) -> Option<Self> {
        // The key schedule is made from the bytes here and wiped with the cipher.
        Aes::new(key.expose()).map(|aes| Self(Box::new(AesKw::inner_init(aes))))
    }

    /// The wrapped key, 8 bytes longer; `None` unless the key has 16 bytes or more, in steps of 8.
    pub(crate) fn wrap(&self, key: &Secret) -> Option<Vec<u8>> {
        // Wrapping encrypts what it copies from here.
        let key = key.expose();
        if key.len() < SHORTEST_KEY {
            return None;
        }
        let mut wrapped = vec![0; key.len() + HALF_BLOCK];
        self.0.wrap_key(key, &mut wrapped).ok()?;
        Some(wrapped)
    }

    /// The key in `wrapped`, if it was wrapped under this key and is unchanged.
    pub(crate) fn unwrap(&self, wrapped: &[u8]) -> Result<Secret, NotAuthentic> {
        if wrapped.len() < SHORTEST_KEY + HALF_BLOCK {
            return Err(NotAuthentic);
        }
        let mut key = vec![0; wrapped.len() - HALF_BLOCK];
        self.0.unwrap_key(wrapped, &mut key).map_err(|_| NotAuthentic)?;
        Ok(Secret::new(key))
    }
}
