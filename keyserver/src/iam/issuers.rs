//! Tokens of other issuers, verified by the keys that those publish.
//!
//! A token says who issued it; that issuer's discovery document leads to its keys, which are kept for a while and fetched again
//! when a token names one that is not among them.
//! *Invariant:* only issuers and algorithms that were configured are accepted, and never a symmetric one; nothing in a token
//! chooses where keys come from.

use async_trait::async_trait;
use base64ct::{Base64UrlUnpadded, Encoding};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{Jwk, JwkSet},
};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::{
    error::Error,
    iam::{signing::later, token::CLOCK_STEP_SECONDS},
};

/// How long fetched keys are used without asking again, so that a key that an issuer withdrew is not trusted for long.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);
/// Between two fetches for keys that are not there: a flood of made-up key ids must not become a flood at the issuer.
const ASKED_EVERY: SignedDuration = SignedDuration::from_secs(60);
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Signatures that an issuer may be allowed to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl SignatureAlgorithm {
    const fn jose(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Ps256 => Algorithm::PS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

/// An issuer whose tokens are accepted.
#[derive(Debug, Clone)]
pub(crate) struct IssuerConfig {
    /// Its URL, exactly as its tokens and its discovery document have it.
    pub(crate) issuer: String,
    /// What `aud` of a token for this server must contain.
    pub(crate) audience: String,
    /// How its tokens may be signed.
    pub(crate) algorithms: Vec<SignatureAlgorithm>,
}

/// How documents of issuers are fetched. Whoever implements it bounds their size and the time it takes, and follows no
/// redirection to another host.
#[async_trait]
pub(crate) trait Fetch: Send + Sync {
    /// The body of a successful answer; [`Error::IssuerUnreachable`] otherwise.
    async fn get(&self, url: &str) -> Result<Vec<u8>, Error>;
}

/// Who a verified token of another issuer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outsider {
    /// The issuer.
    pub(crate) issuer: String,
    /// Their id at that issuer.
    pub(crate) subject: String,
    /// Their address, if the token says it.
    pub(crate) email: Option<String>,
    /// Second at which the token expires.
    pub(crate) expiration: i64,
}

/// All issuers whose tokens are accepted.
pub(crate) struct Issuers {
    fetch: Box<dyn Fetch>,
    known: Vec<Known>,
}

struct Known {
    config: IssuerConfig,
    keys: Mutex<Option<Keys>>,
}

struct Keys {
    set: JwkSet,
    fetched_at: Timestamp,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Issued {
    iss: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    email: Option<String>,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
}

impl Issuers {
    /// Accepts tokens of these.
    pub(crate) fn new(fetch: Box<dyn Fetch>, configs: Vec<IssuerConfig>) -> Self {
        let known = configs.into_iter().map(|config| Known { config, keys: Mutex::new(None) }).collect();
        Self { fetch, known }
    }

    /// Issuer, algorithm, signature, audience and times; then who it is about.
    pub(crate) async fn verify(&self, jwt: &str, now: Timestamp) -> Result<Outsider, Error> {
        let issuer = issuer_of(jwt)?;
        let known = self.known.iter().find(|known| known.config.issuer == issuer).ok_or(Error::TokenInvalid)?;
        let header = jsonwebtoken::decode_header(jwt).map_err(|_| Error::TokenInvalid)?;
        if !known.config.algorithms.iter().any(|algorithm| algorithm.jose() == header.alg) {
            return Err(Error::TokenInvalid);
        }
        let key = self.key(known, header.kid.as_deref().ok_or(Error::TokenInvalid)?, now).await?;
        let mut rules = Validation::new(header.alg);
        rules.set_issuer(&[&known.config.issuer]);
        rules.set_audience(&[&known.config.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are checked below by the injected clock.
        rules.validate_exp = false;
        let key = DecodingKey::from_jwk(&key).map_err(|_| Error::TokenInvalid)?;
        let claims = jsonwebtoken::decode::<Claims>(jwt, &key, &rules).map_err(|_| Error::TokenInvalid)?.claims;
        let latest_start = now.as_second() + CLOCK_STEP_SECONDS;
        if claims.exp <= now.as_second() {
            return Err(Error::TokenExpired);
        }
        if [claims.iat, claims.nbf].into_iter().flatten().any(|from| from > latest_start) {
            return Err(Error::TokenInvalid);
        }
        if claims.sub.is_empty() {
            return Err(Error::SubjectUnreadable);
        }
        Ok(Outsider { issuer, subject: claims.sub, email: claims.email, expiration: claims.exp })
    }

    async fn key(&self, known: &Known, id: &str, now: Timestamp) -> Result<Jwk, Error> {
        // Held while fetching, so that tokens that arrive together cause one fetch.
        let mut keys = known.keys.lock().await;
        if let Some(kept) = &*keys {
            let found = kept.set.find(id);
            let wait = if found.is_some() { KEPT_FOR } else { ASKED_EVERY };
            if now < later(kept.fetched_at, wait) {
                return found.cloned().ok_or(Error::TokenInvalid);
            }
        }
        let set = self.fetch_keys(&known.config.issuer).await?;
        let found = set.find(id).cloned().ok_or(Error::TokenInvalid);
        *keys = Some(Keys { set, fetched_at: now });
        found
    }

    async fn fetch_keys(&self, issuer: &str) -> Result<JwkSet, Error> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document = self.fetch.get(&address).await?;
        let discovery: Discovery = serde_json::from_slice(&document).map_err(|_| Error::IssuerUnreachable)?;
        if discovery.issuer != issuer {
            return Err(Error::IssuerUnreachable);
        }
        let keys = self.fetch.get(&discovery.jwks_uri).await?;
        serde_json::from_slice(&keys).map_err(|_| Error::IssuerUnreachable)
    }
}

/// Who says that they issued a token: which keys to verify it with, and nothing more, until that is done.
fn issuer_of(jwt: &str) -> Result<String, Error> {
    if jwt.len() > MAX_TOKEN_BYTES {
        return Err(Error::TokenInvalid);
    }
    let payload = jwt.split('.').nth(1).and_then(|part| Base64UrlUnpadded::decode_vec(part).ok());
    let issued = payload.and_then(|payload| serde_json::from_slice::<Issued>(&payload).ok());
    issued.map(|issued| issued.iss).ok_or(Error::TokenInvalid)
}

#[cfg(test)]
#[path = "issuers_tests.rs"]
mod tests;
