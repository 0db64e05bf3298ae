//! The keys that sign access tokens, and when each of them does.
//!
//! A new key is published some minutes before it signs, so that every server over the same database knows it by then. One that
//! was succeeded stays published until the last token that it signed has expired.
//! *Invariant:* who signs and who is published follows from the moments alone, so that servers that share them agree without
//! asking each other.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64ct::{Base64, Encoding};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, jwk::Jwk};
use zeroize::Zeroizing;

use crate::{
    error::Error,
    iam::token::{CLOCK_STEP_SECONDS, LIFETIME_SECONDS},
    keys::material::Secret,
};

/// Between the making of a key and its first token; longer than servers take to look for new keys.
pub(crate) const PUBLISHED_AHEAD: SignedDuration = SignedDuration::from_mins(10);
/// How long a key signs before the next one does.
const SIGNS_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long the last token of a key is good for after the next key began to sign.
const OUTLIVED_BY: SignedDuration = SignedDuration::from_secs(LIFETIME_SECONDS + CLOCK_STEP_SECONDS);

/// A key pair in use.
pub(crate) struct Signer {
    pub(super) id: String,
    pub(super) signs_from: Timestamp,
    pub(super) signing: EncodingKey,
    pub(super) verifying: DecodingKey,
    pub(super) public: Jwk,
}

impl Signer {
    /// Makes a new 2048-bit private key, as the PEM text that [`Signer::load`] takes.
    pub(crate) fn generate() -> Result<Secret, Error> {
        const FAILED: Error = Error::Corrupt("generated token signing key");
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| FAILED)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| FAILED)?;
        let body = Zeroizing::new(Base64::encode_string(der.as_ref()));
        let mut pem = Vec::with_capacity(body.len() + 64);
        for part in ["-----BEGIN PRIVATE KEY-----\n", body.as_str(), "\n-----END PRIVATE KEY-----\n"] {
            pem.extend_from_slice(part.as_bytes());
        }
        Ok(Secret::new(pem))
    }

    /// Takes a private key into use under its id, to sign from this moment on.
    pub(crate) fn load(id: String, signs_from: Timestamp, pem: &Secret) -> Result<Self, Error> {
        const DAMAGED: Error = Error::Corrupt("token signing key");
        // Exposed to the signer, which wipes its copy.
        let signing = EncodingKey::from_rsa_pem(pem.expose()).map_err(|_| DAMAGED)?;
        let mut public = Jwk::from_encoding_key(&signing, Algorithm::RS256).map_err(|_| DAMAGED)?;
        public.common.key_id = Some(id.clone());
        let verifying = DecodingKey::from_jwk(&public).map_err(|_| DAMAGED)?;
        Ok(Self { id, signs_from, signing, verifying, public })
    }
}

/// Which of the keys signs: the newest that has begun to. The moments are in order, and there is one at least.
pub(crate) fn signs_now(moments: &[Timestamp], now: Timestamp) -> usize {
    moments.iter().rposition(|from| *from <= now).unwrap_or_default()
}

/// Whether a token that this key signed can still be good, or it has yet to sign.
pub(crate) fn is_published(moments: &[Timestamp], index: usize, now: Timestamp) -> bool {
    moments.get(index + 1).is_none_or(|next| now < later(*next, OUTLIVED_BY))
}

/// Whether it is time to make the next key.
pub(crate) fn successor_is_due(moments: &[Timestamp], now: Timestamp) -> bool {
    moments.last().is_none_or(|newest| later(*newest, SIGNS_FOR) <= later(now, PUBLISHED_AHEAD))
}

/// A moment this much later.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).expect("a duration is always addable")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("in range")
    }

    #[test]
    fn one_key_at_a_time_signs() {
        let moments = [at(0), at(1000), at(2000)];
        for (now, index) in [(-5, 0), (0, 0), (999, 0), (1000, 1), (1999, 1), (2000, 2), (9999, 2)] {
            assert_eq!(signs_now(&moments, at(now)), index, "{now}");
        }
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_until_its_last_token_has_expired() {
        let moments = [at(0), at(10_000)];
        assert!(is_published(&moments, 1, at(0)), "before it signs");
        assert!(is_published(&moments, 0, at(10_000 + 3659)));
        assert!(!is_published(&moments, 0, at(10_000 + 3660)));
        assert!(is_published(&moments, 1, at(1_000_000)), "while nothing comes after it");
    }

    #[test]
    fn the_next_key_is_made_early_enough_to_be_known_when_it_signs() {
        let newest = [at(0)];
        let end = 90 * 24 * 3600;
        assert!(!successor_is_due(&newest, at(end - 601)));
        assert!(successor_is_due(&newest, at(end - 600)));
        assert!(!successor_is_due(&[at(0), at(end)], at(end)));
    }
}
