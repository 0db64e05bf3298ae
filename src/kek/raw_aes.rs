//! The format's raw AES keyring: a KEK whose bytes the caller holds (specification "Raw AES Keyring").
//!
//! *Invariant:* an entry is matched by its exact namespace and name, and each wrap has a fresh random nonce.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::context::EncryptionContext;
use crate::crypto::gcm::{Gcm, NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::kdf::sha256_of;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::keys::{DataKey, Edk};
use crate::operation::Step;
use crate::secret::Secret;
use crate::time::Timestamp;

use super::{Kek, Unwrapping, Wrapping};

/// Prefix of namespaces that belong to another kind of keyring.
const RESERVED_NAMESPACE: &str = "aws-kms";

/// An AES key of 128, 192 or 256 bits, with the namespace and name under which messages refer to it.
///
/// One key wraps at most 2^32 data keys, as its nonces are random.
pub struct RawAes {
    namespace: String,
    /// Key name, tag length in bits, nonce length in bytes: all of the provider info but the nonce.
    info: Vec<u8>,
    gcm: Gcm,
}

impl RawAes {
    /// A KEK from its bytes.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the key has 16, 24 or 32 bytes, both names are there and the namespace does
    /// not start with `aws-kms`.
    pub fn new(namespace: &str, name: &str, key: &Secret) -> Result<Self, Error> {
        if namespace.is_empty() || namespace.starts_with(RESERVED_NAMESPACE) {
            return Err(Error::argument("namespace", "must be there and must not start with \"aws-kms\""));
        }
        if name.is_empty() {
            return Err(Error::argument("name", "must be there"));
        }
        let gcm = Gcm::new(key).ok_or_else(|| Error::argument("key", "must have 16, 24 or 32 bytes"))?;
        let mut info = name.as_bytes().to_vec();
        info.extend_from_slice(&(8 * TAG_LENGTH as u32).to_be_bytes());
        info.extend_from_slice(&(NONCE_LENGTH as u32).to_be_bytes());
        Ok(Self { namespace: namespace.to_owned(), info, gcm })
    }
}

impl Kek for RawAes {
    /// Done at once. Errors: [`Error::Internal`] without randomness.
    fn wrap(
        &self,
        key: &DataKey,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        _now: Timestamp,
    ) -> Result<Wrapping, Error> {
        let nonce: [u8; NONCE_LENGTH] = random(entropy)?;
        // Copied to be encrypted in place; sealing overwrites the copy.
        let mut ciphertext = key.secret().expose().to_vec();
        let tag = self
            .gcm
            .seal(&nonce, &context.serialize()?, &mut ciphertext)
            .ok_or(Error::Internal("data key too long for GCM"))?;
        ciphertext.extend_from_slice(&tag);
        let mut provider_info = self.info.clone();
        provider_info.extend_from_slice(&nonce);
        Ok(Step::Done(vec![Edk { provider_id: self.namespace.clone(), provider_info, ciphertext }]))
    }

    /// Done at once. Errors: [`Error::UnwrapFailed`] if the entry names this key and does not open under it.
    fn unwrap(
        &self,
        edk: &Edk,
        context: &EncryptionContext,
        _entropy: &mut dyn Entropy,
        _now: Timestamp,
    ) -> Result<Option<Unwrapping>, Error> {
        // The whole name must be the same: "key1" is a prefix of "key10".
        let nonce = edk.provider_info.strip_prefix(self.info.as_slice()).and_then(|nonce| nonce.try_into().ok());
        let Some(nonce) = nonce.filter(|_| edk.provider_id == self.namespace) else {
            return Ok(None);
        };
        let (wrapped, tag) = edk.ciphertext.split_last_chunk::<TAG_LENGTH>().ok_or(Error::UnwrapFailed)?;
        let mut key = wrapped.to_vec();
        self.gcm.open(&nonce, &context.serialize()?, &mut key, tag).map_err(|_| Error::UnwrapFailed)?;
        let key = DataKey::from_unwrapped(Secret::new(key)).ok_or(Error::UnwrapFailed)?;
        Ok(Some(Step::Done(key.into())))
    }

    fn identity(&self) -> [u8; 32] {
        sha256_of(&[self.namespace.as_bytes(), &self.info])
    }
}
