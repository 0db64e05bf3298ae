//! AES-GCM with 12-byte nonces and 16-byte tags (NIST SP 800-38D), in place.
//!
//! *Invariant:* a buffer whose tag does not verify is left without plaintext.

use alloc::boxed::Box;

use crate::secret::Secret;

pub use envelock_primitives::TAG_LENGTH;
pub(crate) use envelock_primitives::{NONCE_LENGTH, NotAuthentic};

/// AES-GCM under one key of 16, 24 or 32 bytes.
pub(crate) struct Gcm(Box<envelock_primitives::Gcm>);

impl Gcm {
    /// `None` unless the key has 16, 24 or 32 bytes.
    pub(crate) fn new(key: &Secret) -> Option<Self> {
        // The key schedule is made from the bytes here and wiped with the cipher.
        envelock_primitives::Gcm::new(key.expose()).map(|gcm| Self(Box::new(gcm)))
    }

    /// Encrypts `buffer` in place and returns the tag. `None` only beyond GCM's 2^36-32 bytes.
    pub(crate) fn seal(&self, nonce: &[u8; NONCE_LENGTH], aad: &[u8], buffer: &mut [u8]) -> Option<[u8; TAG_LENGTH]> {
        self.0.seal(nonce, aad, buffer)
    }

    /// Decrypts `buffer` in place. On failure the buffer is zeroed.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Result<(), NotAuthentic> {
        self.0.open(nonce, aad, buffer, tag)
    }
}
