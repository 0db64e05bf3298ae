//! Import tokens: a key pair and a nonce, for a short time, with which key material travels encrypted.
//!
//! *Invariant:* an instance has one token at most, and a token holds its private key and nonce sealed only.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    error::Error,
    keys::material::{SealedMaterial, Secret},
};

const DEFAULT_SECONDS: i64 = 600;
const DEFAULT_RETRIEVALS: u32 = 1;

/// What a caller may choose about a new token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    lifetime: SignedDuration,
    retrievals: u32,
}

impl Terms {
    /// 300 to 86400 seconds, by default 600; 1 to 500 retrievals, by default one.
    pub(crate) fn parse(seconds: Option<i64>, retrievals: Option<i64>) -> Result<Self, Error> {
        let seconds = seconds.unwrap_or(DEFAULT_SECONDS);
        if !(300..=86_400).contains(&seconds) {
            return Err(Error::InvalidField { name: "expiration", why: "300 to 86400 seconds" });
        }
        let retrievals = retrievals.map_or(Ok(DEFAULT_RETRIEVALS), u32::try_from).ok();
        let retrievals = retrievals.filter(|count| (1..=500).contains(count));
        let why = "1 to 500";
        let retrievals = retrievals.ok_or(Error::InvalidField { name: "maxAllowedRetrievals", why })?;
        Ok(Self { lifetime: SignedDuration::from_secs(seconds), retrievals })
    }
}

/// A token as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct ImportToken {
    /// Distinguishes it from the instance's tokens before and after.
    pub(crate) id: Uuid,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// When it is over.
    pub(crate) expires_at: Timestamp,
    /// How often it could be retrieved at first.
    pub(crate) max_retrievals: u32,
    /// How often it can still be retrieved.
    pub(crate) remaining_retrievals: u32,
    /// RSA public key, DER of a `SubjectPublicKeyInfo`.
    pub(crate) public_key: Vec<u8>,
    /// RSA private key, PKCS#8, sealed.
    pub(crate) private_key: SealedMaterial,
    /// The 12 bytes that an import has to show, sealed.
    pub(crate) nonce: SealedMaterial,
}

impl ImportToken {
    /// A new token around a key pair.
    pub(crate) fn create(
        id: Uuid,
        terms: Terms,
        now: Timestamp,
        public_key: Vec<u8>,
        private_key: SealedMaterial,
        nonce: SealedMaterial,
    ) -> Self {
        let expires_at = now.saturating_add(terms.lifetime).expect("a duration is always addable");
        let (max_retrievals, remaining_retrievals) = (terms.retrievals, terms.retrievals);
        Self { id, created_at: now, expires_at, max_retrievals, remaining_retrievals, public_key, private_key, nonce }
    }

    /// Uses one retrieval up.
    pub(crate) fn retrieve(&mut self, now: Timestamp) -> Result<(), Error> {
        self.require_valid(now)?;
        self.remaining_retrievals = self.remaining_retrievals.checked_sub(1).ok_or(Error::ImportTokenExpired)?;
        Ok(())
    }

    /// A token with no retrieval left is good for imports until it expires.
    pub(crate) fn require_valid(&self, now: Timestamp) -> Result<(), Error> {
        if now < self.expires_at { Ok(()) } else { Err(Error::ImportTokenExpired) }
    }
}

/// Material for a key, as a caller hands it in.
pub(crate) enum GivenMaterial {
    /// The material itself.
    Plain(Secret),
    /// Encrypted for the instance's import token.
    Wrapped(WrappedMaterial),
}

/// A root key's material encrypted for an import token; nothing in it is trusted yet.
#[derive(Debug)]
pub(crate) struct WrappedMaterial {
    /// RSA-OAEP with SHA-256 of the material.
    pub(crate) payload: Vec<u8>,
    /// AES-GCM of the token's nonce under the material.
    pub(crate) encrypted_nonce: Vec<u8>,
    /// Nonce of that AES-GCM.
    pub(crate) iv: Vec<u8>,
}
