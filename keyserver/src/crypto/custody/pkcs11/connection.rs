//! A session and what is known in it.
//!
//! *Invariant:* encrypts with AES-GCM and a nonce drawn for this one encryption.

use std::collections::HashMap;

use cryptoki::{
    error::Error as ModuleError,
    mechanism::{Mechanism, aead::GcmParams},
    object::{Attribute, ObjectClass, ObjectHandle},
    session::Session,
};

use super::{
    fault::{Fault, is_bad_data, is_stale},
    probe::Abilities,
    transport::Transport,
};
use crate::crypto::gcm::{NONCE_BYTES, TAG_BYTES};

/// `CKA_ID` of an object.
pub(super) type Id = [u8; 32];

/// Handles that are remembered; when there are more keys than that, the module looks them up again.
const MAX_HANDLES: usize = 65_536;

/// An AES-GCM ciphertext and what goes with it.
#[derive(Clone, Copy)]
pub(super) struct Sealed<'a> {
    pub(super) nonce: [u8; NONCE_BYTES],
    pub(super) aad: &'a [u8],
    pub(super) ciphertext: &'a [u8],
}

/// A session that is logged in, to a token that was seen to work.
pub(super) struct Connection {
    pub(super) session: Session,
    pub(super) abilities: Abilities,
    /// For what comes in from outside; made when it is first needed.
    pub(super) transport: Option<Transport>,
    pub(super) canary: ObjectHandle,
    handles: HashMap<Id, ObjectHandle>,
}

impl Connection {
    /// Around a session whose token has the canary.
    pub(super) fn new(session: Session, canary: ObjectHandle, abilities: Abilities) -> Self {
        Self { session, abilities, transport: None, canary, handles: HashMap::new() }
    }

    /// Encrypts; the answer has the length it must have.
    pub(super) fn encrypt(
        &mut self,
        id: &Id,
        nonce: [u8; NONCE_BYTES],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let ciphertext = self.with_key(id, |session, key| encrypt(session, key, nonce, aad, plaintext))??;
        if ciphertext.len() == plaintext.len() + TAG_BYTES {
            return Ok(ciphertext);
        }
        Err(Fault::Lied(format!("{} bytes encrypted became {}", plaintext.len(), ciphertext.len())))
    }

    /// Decrypts; `None` if the key did not encrypt this with these AAD.
    pub(super) fn decrypt(&mut self, id: &Id, sealed: Sealed<'_>) -> Result<Option<Vec<u8>>, Fault> {
        if sealed.ciphertext.len() < TAG_BYTES {
            return Ok(None);
        }
        match self.with_key(id, |session, key| decrypt(session, key, sealed))? {
            Ok(plaintext) if plaintext.len() + TAG_BYTES == sealed.ciphertext.len() => Ok(Some(plaintext)),
            Ok(plaintext) => {
                Err(Fault::Lied(format!("{} bytes decrypted became {}", sealed.ciphertext.len(), plaintext.len())))
            }
            Err(error) if is_bad_data(&error) => Ok(None),
            // A token may say so by a value that can mean anything: it is the ciphertext's fault if all else works.
            Err(ModuleError::Pkcs11(value, _)) if Some(value) == self.abilities.bad_data => {
                self.canary_sings().map(|()| None)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn forget(&mut self, id: &Id) {
        self.handles.remove(id);
    }

    /// Calls `work` with the key's handle, once more if the handle has become another's.
    fn with_key<T>(
        &mut self,
        id: &Id,
        work: impl Fn(&Session, ObjectHandle) -> Result<T, ModuleError>,
    ) -> Result<Result<T, ModuleError>, Fault> {
        if let Some(handle) = self.handles.get(id) {
            let done = work(&self.session, *handle);
            if !done.as_ref().is_err_and(is_stale) {
                return Ok(done);
            }
            self.handles.remove(id);
        }
        let Some(handle) = find(&self.session, id)? else {
            // An empty token is another one, or was away.
            self.canary_sings()?;
            return Err(Fault::Refused("the token has no such key: somebody removed it there".to_owned()));
        };
        if self.handles.len() >= MAX_HANDLES {
            self.handles.clear();
        }
        self.handles.insert(*id, handle);
        Ok(work(&self.session, handle))
    }
}

/// The key that the session knows by this id.
pub(super) fn find(session: &Session, id: &Id) -> Result<Option<ObjectHandle>, ModuleError> {
    let template = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true), Attribute::Id(id.to_vec())];
    Ok(session.find_objects(&template)?.first().copied())
}

/// Encrypts under the key of this handle.
pub(super) fn encrypt(
    session: &Session,
    key: ObjectHandle,
    mut nonce: [u8; NONCE_BYTES],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, ModuleError> {
    let parameters = GcmParams::new(&mut nonce, aad, (8 * TAG_BYTES as u64).into())?;
    session.encrypt(&Mechanism::AesGcm(parameters), key, plaintext)
}

/// Decrypts under the key of this handle.
pub(super) fn decrypt(session: &Session, key: ObjectHandle, sealed: Sealed<'_>) -> Result<Vec<u8>, ModuleError> {
    let mut nonce = sealed.nonce;
    let parameters = GcmParams::new(&mut nonce, sealed.aad, (8 * TAG_BYTES as u64).into())?;
    session.decrypt(&Mechanism::AesGcm(parameters), key, sealed.ciphertext)
}
