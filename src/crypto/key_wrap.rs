//! AES key wrap (RFC 3394, NIST SP 800-38F "KW").
//!
//! *Invariant:* a key whose integrity check fails does not come out.

use aes_kw::{KeyInit, KwAes128, KwAes192, KwAes256};

use crate::secret::Secret;

use super::gcm::NotAuthentic;

/// The algorithm works on halves of a block.
const HALF_BLOCK: usize = 8;
/// Two half blocks; a shorter key is outside the standard.
const SHORTEST_KEY: usize = 2 * HALF_BLOCK;

/// AES key wrap under one key of 16, 24 or 32 bytes.
pub(crate) enum KeyWrap {
    Aes128(Box<KwAes128>),
    Aes192(Box<KwAes192>),
    Aes256(Box<KwAes256>),
}

impl KeyWrap {
    /// `None` unless the key has 16, 24 or 32 bytes.
    pub(crate) fn new(key: &Secret) -> Option<Self> {
        // The key schedule is made from the bytes here and wiped with the cipher.
        let key = key.expose();
        match key.len() {
            16 => KwAes128::new_from_slice(key).ok().map(|wrap| Self::Aes128(Box::new(wrap))),
            24 => KwAes192::new_from_slice(key).ok().map(|wrap| Self::Aes192(Box::new(wrap))),
            32 => KwAes256::new_from_slice(key).ok().map(|wrap| Self::Aes256(Box::new(wrap))),
            _ => None,
        }
    }

    /// The wrapped key, 8 bytes longer; `None` unless the key has 16 bytes or more, in steps of 8.
    pub(crate) fn wrap(&self, key: &Secret) -> Option<Vec<u8>> {
        // Wrapping encrypts what it copies from here.
        let key = key.expose();
        if key.len() < SHORTEST_KEY {
            return None;
        }
        let mut wrapped = vec![0; key.len() + HALF_BLOCK];
        match self {
            Self::Aes128(wrap) => wrap.wrap_key(key, &mut wrapped),
            Self::Aes192(wrap) => wrap.wrap_key(key, &mut wrapped),
            Self::Aes256(wrap) => wrap.wrap_key(key, &mut wrapped),
        }
        .ok()?;
        Some(wrapped)
    }

    /// The key in `wrapped`, if it was wrapped under this key and is unchanged.
    pub(crate) fn unwrap(&self, wrapped: &[u8]) -> Result<Secret, NotAuthentic> {
        if wrapped.len() < SHORTEST_KEY + HALF_BLOCK {
            return Err(NotAuthentic);
        }
        let mut key = vec![0; wrapped.len() - HALF_BLOCK];
        match self {
            Self::Aes128(wrap) => wrap.unwrap_key(wrapped, &mut key),
            Self::Aes192(wrap) => wrap.unwrap_key(wrapped, &mut key),
            Self::Aes256(wrap) => wrap.unwrap_key(wrapped, &mut key),
        }
        .map_err(|_| NotAuthentic)?;
        Ok(Secret::new(key))
    }
}
