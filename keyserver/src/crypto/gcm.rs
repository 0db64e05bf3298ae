//! AES-GCM with the key sizes that root keys have.
//!
//! *Invariant:* picks no nonce; the two callers in this folder each draw one at random per key or salt.

use aes_gcm::{
    AesGcm,
    aead::{Aead, KeyInit, Payload, consts::U12},
    aes::{Aes128, Aes192, Aes256},
};

pub(super) const NONCE_BYTES: usize = 12;
pub(super) const TAG_BYTES: usize = 16;

type Gcm<Aes> = AesGcm<Aes, U12>;

/// `None` means that the key has no legal size: a bug, as sizes are checked where keys are made.
pub(super) fn encrypt(key: &[u8], nonce: &[u8; NONCE_BYTES], aad: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    let payload = Payload { msg: plaintext, aad };
    match key.len() {
        16 => Gcm::<Aes128>::new_from_slice(key).ok()?.encrypt(nonce.into(), payload),
        24 => Gcm::<Aes192>::new_from_slice(key).ok()?.encrypt(nonce.into(), payload),
        32 => Gcm::<Aes256>::new_from_slice(key).ok()?.encrypt(nonce.into(), payload),
        _ => return None,
    }
    .ok()
}

/// `None` means that the tag does not match; nothing else is said about why.
pub(super) fn decrypt(key: &[u8], nonce: &[u8; NONCE_BYTES], aad: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let payload = Payload { msg: ciphertext, aad };
    match key.len() {
        16 => Gcm::<Aes128>::new_from_slice(key).ok()?.decrypt(nonce.into(), payload),
        24 => Gcm::<Aes192>::new_from_slice(key).ok()?.decrypt(nonce.into(), payload),
        32 => Gcm::<Aes256>::new_from_slice(key).ok()?.decrypt(nonce.into(), payload),
        _ => return None,
    }
    .ok()
}
