//! Where a data key is kept: a digest of everything that must be the same to use it again.
//!
//! *Invariant:* two lookups share a slot only if purpose, KEK, context and entries are equal byte for byte.

use alloc::vec::Vec;

use crate::context::EncryptionContext;
use crate::crypto::kdf::sha256_of;
use crate::error::Error;
use crate::keys::Edk;

/// A lookup key. Sealing and opening never share one: the right to wrap is not the right to unwrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot([u8; 32]);

impl Slot {
    /// Where the data key of new messages is: one for each KEK and context.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] never, as a context was serialized when it was made.
    pub(crate) fn sealing(kek: &[u8; 32], context: &EncryptionContext) -> Result<Self, Error> {
        Ok(Self(sha256_of(&[b"seal", kek, &context.serialize()?])))
    }

    /// Where the data key of a message is that has this context and these entries.
    ///
    /// # Errors
    /// As [`sealing`](Self::sealing).
    pub(crate) fn opening(kek: &[u8; 32], context: &EncryptionContext, edks: &[Edk]) -> Result<Self, Error> {
        let context = context.serialize()?;
        let mut parts: Vec<&[u8]> = vec![b"open", kek, &context];
        for edk in edks {
            parts.extend([edk.provider_id.as_bytes(), &edk.provider_info, &edk.ciphertext]);
        }
        Ok(Self(sha256_of(&parts)))
    }
}
