//! AES key wrap (RFC 3394) under a key at hand: its bytes, or a key that the platform holds.
//!
//! *Invariant:* a key that the platform holds is never seen here; only its handle is.
//!
//! Entry `envelock-aes-kw-v1`: provider info is the key's name in UTF-8, the ciphertext is the data key wrapped, 40
//! bytes. The encryption context is bound by the message's header alone: the algorithm has no room for it.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use crate::context::EncryptionContext;
use crate::crypto::kdf::sha256_of;
use crate::crypto::key_wrap::KeyWrap;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::keys::{DATA_KEY_LENGTH, DataKey, Edk};
use crate::operation::{Call, Handle, Pending, Request, Response, Step};
use crate::secret::Secret;
use crate::time::Timestamp;

use super::{Kek, Unwrapping, Wrapping};

const PROVIDER_ID: &str = "envelock-aes-kw-v1";
const WRAPPED_LENGTH: usize = DATA_KEY_LENGTH + 8;

/// An AES key of 128, 192 or 256 bits that wraps data keys, and the name under which messages refer to it.
pub struct LocalKek {
    name: String,
    key: Custody,
}

/// Who holds the key.
enum Custody {
    Memory(KeyWrap),
    Platform(Handle),
}

impl LocalKek {
    /// A KEK from its bytes.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the key has 16, 24 or 32 bytes and the name 1 to 255.
    pub fn new(name: &str, key: &Secret) -> Result<Self, Error> {
        let key = KeyWrap::new(key).ok_or_else(|| Error::argument("key", "must have 16, 24 or 32 bytes"))?;
        Ok(Self { name: checked(name)?, key: Custody::Memory(key) })
    }

    /// A KEK that the platform holds and wraps with, as a `CryptoKey` for AES-KW.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the name has 1 to 255 bytes.
    pub fn held_by_platform(name: &str, key: Handle) -> Result<Self, Error> {
        Ok(Self { name: checked(name)?, key: Custody::Platform(key) })
    }

    fn edk(name: String, ciphertext: Vec<u8>) -> Vec<Edk> {
        vec![Edk { provider_id: PROVIDER_ID.to_owned(), provider_info: name.into_bytes(), ciphertext }]
    }
}

impl Kek for LocalKek {
    /// Done at once, or one call to the platform. Errors: [`Error::InvalidArgument`] if the platform's key does not
    /// wrap.
    fn wrap(
        &self,
        key: &DataKey,
        _context: &EncryptionContext,
        _entropy: &mut dyn Entropy,
        _now: Timestamp,
    ) -> Result<Wrapping, Error> {
        let name = self.name.clone();
        match &self.key {
            Custody::Memory(wrap) => {
                let wrapped = wrap.wrap(key.secret()).ok_or(Error::Internal("data key length"))?;
                Ok(Step::Done(Self::edk(name, wrapped)))
            }
            Custody::Platform(kek) => {
                // The platform wraps a copy, which is wiped with the request.
                let key = Rc::new(Secret::new(key.secret().expose().to_vec()));
                let resume = |reply, _| match reply {
                    // A wrapped key is no secret any more.
                    Ok(Response::Bytes(wrapped)) if wrapped.len() == WRAPPED_LENGTH => {
                        Ok(Step::Done(Self::edk(name, wrapped.expose().to_vec())))
                    }
                    _ => {
                        Err(Error::argument("key", "did not wrap: it must be a CryptoKey for AES-KW with both usages"))
                    }
                };
                Ok(Step::Send(Pending::new(resume), Request::new(Call::WrapKey { kek: *kek, key })))
            }
        }
    }

    /// Done at once, or one call to the platform. Errors: [`Error::UnwrapFailed`] if the entry names this key and
    /// does not open under it.
    fn unwrap(
        &self,
        edk: &Edk,
        _context: &EncryptionContext,
        _entropy: &mut dyn Entropy,
        _now: Timestamp,
    ) -> Result<Option<Unwrapping>, Error> {
        if edk.provider_id != PROVIDER_ID || edk.provider_info != self.name.as_bytes() {
            return Ok(None);
        }
        if edk.ciphertext.len() != WRAPPED_LENGTH {
            return Err(Error::UnwrapFailed);
        }
        match &self.key {
            Custody::Memory(wrap) => {
                let key = wrap.unwrap(&edk.ciphertext).map_err(|_| Error::UnwrapFailed)?;
                Ok(Some(Step::Done(DataKey::from_unwrapped(key).ok_or(Error::UnwrapFailed)?.into())))
            }
            Custody::Platform(kek) => {
                let resume = |reply, _| match reply {
                    Ok(Response::Bytes(key)) => {
                        Ok(Step::Done(DataKey::from_unwrapped(key).ok_or(Error::UnwrapFailed)?.into()))
                    }
                    _ => Err(Error::UnwrapFailed),
                };
                let call = Call::UnwrapKey { kek: *kek, wrapped: edk.ciphertext.clone() };
                Ok(Some(Step::Send(Pending::new(resume), Request::new(call))))
            }
        }
    }

    fn identity(&self) -> [u8; 32] {
        sha256_of(&[PROVIDER_ID.as_bytes(), self.name.as_bytes()])
    }
}

fn checked(name: &str) -> Result<String, Error> {
    match name.len() {
        1..=255 => Ok(name.to_owned()),
        _ => Err(Error::argument("name", "must be there, with at most 255 bytes")),
    }
}
