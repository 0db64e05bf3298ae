//! A data key under a root key's material.
//!
//! Each wrap draws a 32-byte salt, derives its own AES key (HKDF-SHA-256, as long as the root key) and encrypts with
//! AES-GCM under a random 12-byte nonce, so the 2^32 limit of random nonces applies per salt and is never reached. Every byte is
//! described in `docs/wrap-format.md`.
//! *Invariant:* decryption depends on material and AAD alone. Ids travel in the blob as hints and are never authenticated,
//! so that a key re-imported elsewhere opens what it wrapped here.

use base64ct::{Base64, Encoding};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    crypto::gcm::{self, NONCE_BYTES},
    error::Error,
    keys::{aad::Aad, environment::Entropy, material::Secret, version::VersionId},
};

const SALT_BYTES: usize = 32;
const INFO: &[u8] = b"envelock root key wrap v1";
const FORMAT: &str = "4.0.0";
/// A blob around the longest legal plaintext has about 5800 characters.
const MAX_BLOB_CHARS: usize = 8192;

/// The JSON inside the opaque ciphertext.
#[derive(Serialize, Deserialize)]
struct Blob {
    ciphertext: String,
    iv: String,
    salt: String,
    version: String,
    handle: Uuid,
}

/// A ciphertext taken apart; nothing in it is trusted yet.
pub(crate) struct WrappedDek {
    ciphertext: Vec<u8>,
    nonce: [u8; NONCE_BYTES],
    salt: [u8; SALT_BYTES],
    hint: VersionId,
}

impl WrappedDek {
    /// Base64 is the caller's duty (400); anything else that does not fit is a ciphertext we did not make (422).
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        if text.is_empty() || text.len() > MAX_BLOB_CHARS {
            return Err(Error::InvalidField { name: "ciphertext", why: "not a ciphertext of this service" });
        }
        let json = Base64::decode_vec(text)
            .map_err(|_| Error::InvalidField { name: "ciphertext", why: "not standard, padded base64" })?;
        Self::from_json(&json).ok_or(Error::UnprocessableCiphertext)
    }

    fn from_json(json: &[u8]) -> Option<Self> {
        let blob: Blob = serde_json::from_slice(json).ok()?;
        let bytes = |text: &str| Base64::decode_vec(text).ok();
        (blob.version == FORMAT).then_some(())?;
        Some(Self {
            ciphertext: bytes(&blob.ciphertext)?,
            nonce: bytes(&blob.iv)?.try_into().ok()?,
            salt: bytes(&blob.salt)?.try_into().ok()?,
            hint: VersionId(blob.handle),
        })
    }

    /// The version that probably wrapped it: which one to try first, nothing more.
    pub(crate) fn hint(&self) -> VersionId {
        self.hint
    }

    /// The data key, if `root` is the material it was wrapped under and the AAD are the same.
    pub(crate) fn unwrap(&self, root: &Secret, aad: &Aad) -> Option<Secret> {
        let key = derive(root, &self.salt)?;
        gcm::decrypt(&key, &self.nonce, &aad.encode(), &self.ciphertext).map(Secret::new)
    }
}

/// Wraps a data key under one version's material; a new ciphertext every time.
pub(crate) fn wrap(
    root: &Secret,
    version: VersionId,
    dek: &Secret,
    aad: &Aad,
    entropy: &dyn Entropy,
) -> Result<String, Error> {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt);
    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce);
    // Exposed to the cipher only.
    let ciphertext = derive(root, &salt)
        .and_then(|key| gcm::encrypt(&key, &nonce, &aad.encode(), dek.expose()))
        .ok_or(Error::Corrupt("size of a root key"))?;
    let blob = Blob {
        ciphertext: Base64::encode_string(&ciphertext),
        iv: Base64::encode_string(&nonce),
        salt: Base64::encode_string(&salt),
        version: FORMAT.to_owned(),
        handle: version.0,
    };
    let json = serde_json::to_vec(&blob).map_err(|_| Error::Corrupt("wrapped data key"))?;
    Ok(Base64::encode_string(&json))
}

fn derive(root: &Secret, salt: &[u8; SALT_BYTES]) -> Option<Zeroizing<Vec<u8>>> {
    // Exposed to the derivation only.
    let root = root.expose();
    let mut key = Zeroizing::new(vec![0; root.len()]);
    Hkdf::<Sha256>::new(Some(salt), root).expand(INFO, &mut key).ok()?;
    Some(key)
}
