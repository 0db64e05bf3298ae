//! AES-GCM with 12-byte nonces and 16-byte tags (NIST SP 800-38D), in place.
//!
//! *Invariant:* a buffer whose tag does not verify is left without plaintext.

use aes_gcm::aead::{AeadInOut, KeyInit, consts::U12};
use aes_gcm::aes::Aes192;
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use zeroize::Zeroize;

use crate::secret::Secret;

/// Bytes in a nonce.
pub(crate) const NONCE_LENGTH: usize = 12;
/// Bytes in a tag.
pub const TAG_LENGTH: usize = 16;

/// AES-GCM under one key of 16, 24 or 32 bytes.
pub(crate) enum Gcm {
    Aes128(Box<Aes128Gcm>),
    Aes192(Box<AesGcm<Aes192, U12>>),
    Aes256(Box<Aes256Gcm>),
}

/// The tag does not verify.
#[derive(Debug)]
pub(crate) struct NotAuthentic;

impl Gcm {
    /// `None` unless the key has 16, 24 or 32 bytes.
    pub(crate) fn new(key: &Secret) -> Option<Self> {
        // The key schedule is made from the bytes here and wiped with the cipher.
        let key = key.expose();
        match key.len() {
            16 => Aes128Gcm::new_from_slice(key).ok().map(|gcm| Self::Aes128(Box::new(gcm))),
            24 => AesGcm::new_from_slice(key).ok().map(|gcm| Self::Aes192(Box::new(gcm))),
            32 => Aes256Gcm::new_from_slice(key).ok().map(|gcm| Self::Aes256(Box::new(gcm))),
            _ => None,
        }
    }

    /// Encrypts `buffer` in place and returns the tag. `None` only beyond GCM's 2^36-32 bytes.
    pub(crate) fn seal(&self, nonce: &[u8; NONCE_LENGTH], aad: &[u8], buffer: &mut [u8]) -> Option<[u8; TAG_LENGTH]> {
        let nonce = nonce.into();
        match self {
            Self::Aes128(gcm) => gcm.encrypt_inout_detached(nonce, aad, buffer.into()),
            Self::Aes192(gcm) => gcm.encrypt_inout_detached(nonce, aad, buffer.into()),
            Self::Aes256(gcm) => gcm.encrypt_inout_detached(nonce, aad, buffer.into()),
        }
        .ok()
        .map(Into::into)
    }

    /// Decrypts `buffer` in place. On failure the buffer is zeroed.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Result<(), NotAuthentic> {
        let (nonce, tag) = (nonce.into(), tag.into());
        match self {
            Self::Aes128(gcm) => gcm.decrypt_inout_detached(nonce, aad, (&mut *buffer).into(), tag),
            Self::Aes192(gcm) => gcm.decrypt_inout_detached(nonce, aad, (&mut *buffer).into(), tag),
            Self::Aes256(gcm) => gcm.decrypt_inout_detached(nonce, aad, (&mut *buffer).into(), tag),
        }
        .map_err(|_| {
            buffer.zeroize();
            NotAuthentic
        })
    }
}
