//! AES-GCM with 12-byte nonces and 16-byte tags (NIST SP 800-38D), in place.
//!
//! *Invariant:* a buffer whose tag does not verify is left without plaintext.

use aes_gcm::AesGcm;
use aes_gcm::aead::{AeadInOut, consts::U12};
use zeroize::Zeroize;

use crate::cipher::Aes;

/// Bytes in a nonce.
pub const NONCE_LENGTH: usize = 12;
/// Bytes in a tag.
pub const TAG_LENGTH: usize = 16;

/// AES-GCM under one key. The expanded key is wiped on drop.
pub struct Gcm(AesGcm<Aes, U12>);

/// The tag does not verify.
#[derive(Debug)]
pub struct NotAuthentic;

impl Gcm {
    /// `None` unless the key has 16, 24 or 32 bytes.
    #[inline]
    pub fn new(key: &[u8]) -> Option<Self> {
        Aes::new(key).map(|aes| Self(AesGcm::from(aes)))
    }

    /// Encrypts `buffer` in place and returns the tag. `None` only beyond GCM's 2^36-32 bytes.
    pub fn seal(&self, nonce: &[u8; NONCE_LENGTH], aad: &[u8], buffer: &mut [u8]) -> Option<[u8; TAG_LENGTH]> {
        self.0.encrypt_inout_detached(nonce.into(), aad, buffer.into()).ok().map(Into::into)
    }

    /// Decrypts `buffer` in place.
    ///
    /// # Errors
    /// [`NotAuthentic`] if the tag does not verify; the buffer is zeroed then.
    pub fn open(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Result<(), NotAuthentic> {
        self.0.decrypt_inout_detached(nonce.into(), aad, (&mut *buffer).into(), tag.into()).map_err(|_| {
            buffer.zeroize();
            NotAuthentic
        })
    }
}
