//! Access tokens: RS256-signed JWTs with the claims of IBM's IAM.
//!
//! A token that was verified is remembered by its SHA-256, so that it costs one public-key operation and not one a request.
//! *Invariant:* one algorithm, one issuer; of a token only the key id chooses, and that among this server's own keys. Tokens are
//! never stored; whether the key is published and the times are right is asked for every request, remembered or not.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header, Validation, jwk::Jwk};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    cache::Cache,
    error::Error,
    iam::{
        caller::Caller,
        identity::Principal,
        signing::{Signer, is_published, signs_now},
    },
};

pub(super) const LIFETIME_SECONDS: i64 = 3600;
const INSTANCE_LIFETIME_SECONDS: i64 = 1800;
/// Who issues, as every token says.
pub(crate) const ISSUER: &str = "https://iam.envelock.internal/identity";
/// Grant type of an API key.
pub(crate) const GRANT_API_KEY: &str = "urn:ibm:params:oauth:grant-type:apikey";
/// Grant type of a service instance, asked for by its operator.
pub(crate) const GRANT_INSTANCE: &str = "urn:ibm:params:oauth:grant-type:iam-authz";
/// Tolerated when the clock is set back between issue and use.
pub(super) const CLOCK_STEP_SECONDS: i64 = 60;

/// An issued token, for the one answer that hands it over.
pub(crate) struct AccessToken {
    /// The JWT.
    pub(crate) jwt: Zeroizing<String>,
    /// Second at which it expires.
    pub(crate) expiration: i64,
    /// Seconds until then.
    pub(crate) lifetime: i64,
}

#[derive(Serialize)]
struct NewClaims<'a> {
    iam_id: &'a str,
    id: &'a str,
    realmid: &'static str,
    jti: Uuid,
    identifier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_type: Option<&'static str>,
    authn: Authn<'a>,
    account: NewAccount<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<Uuid>,
    iat: i64,
    exp: i64,
    iss: &'static str,
    grant_type: &'static str,
    scope: &'static str,
    client_id: &'static str,
    acr: u8,
    amr: &'static [&'static str],
}

#[derive(Serialize)]
struct Authn<'a> {
    sub: &'a str,
    iam_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct NewAccount<'a> {
    valid: bool,
    bss: &'a str,
    frozen: bool,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iam_id: String,
    #[serde(default)]
    sub: String,
    #[serde(default)]
    name: String,
    account: Account,
    api_key_id: Option<Uuid>,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Account {
    bss: String,
}

/// What is remembered of a verified token.
struct Verified {
    caller: Caller,
    signer: String,
    iat: i64,
    exp: i64,
}

/// About 500 bytes each.
const MOST_REMEMBERED: usize = 16_384;
/// What a token says never changes, so there is no second epoch.
const EPOCH: u64 = 0;

/// The key pairs that sign and verify.
pub(crate) struct TokenAuthority {
    signers: RwLock<Arc<[Signer]>>,
    verified: Cache<[u8; 32], Arc<Verified>>,
}

impl TokenAuthority {
    /// Takes keys into use, in the order in which they sign.
    pub(crate) fn new(signers: Vec<Signer>) -> Self {
        Self { signers: RwLock::new(signers.into()), verified: Cache::new(MOST_REMEMBERED) }
    }

    /// Takes other keys into use, from the next token on.
    pub(crate) fn replace(&self, signers: Vec<Signer>) {
        *self.signers.write().unwrap_or_else(PoisonError::into_inner) = signers.into();
    }

    fn signers(&self) -> (Arc<[Signer]>, Vec<Timestamp>) {
        let signers = Arc::clone(&self.signers.read().unwrap_or_else(PoisonError::into_inner));
        let moments = signers.iter().map(|signer| signer.signs_from).collect();
        (signers, moments)
    }

    /// The public keys of the JWKS.
    pub(crate) fn public(&self, now: Timestamp) -> Vec<Jwk> {
        let (signers, moments) = self.signers();
        let published = signers.iter().enumerate().filter(|(index, _)| is_published(&moments, *index, now));
        published.map(|(_, signer)| signer.public.clone()).collect()
    }

    /// Issues a token, good for an hour, or for half of one if a service instance gets it. It names the API key that it goes back
    /// to, if there is one, and counts no longer than that.
    pub(crate) fn issue(
        &self,
        principal: &Principal,
        api_key: Option<Uuid>,
        jti: Uuid,
        now: Timestamp,
    ) -> Result<AccessToken, Error> {
        let iam_id = &*principal.iam_id();
        let iat = now.as_second();
        let name = &*principal.name();
        let (sub, account, lifetime) = match principal {
            Principal::User(user) => (user.email.clone(), &user.account, LIFETIME_SECONDS),
            Principal::ServiceId(identity) => (identity.subject(), &identity.account, LIFETIME_SECONDS),
            Principal::Instance(crn) => (crn.to_string(), &crn.account, INSTANCE_LIFETIME_SECONDS),
        };
        let sub = &*sub;
        let exp = iat + lifetime;
        let common = NewClaims {
            iam_id,
            id: iam_id,
            realmid: "iam",
            jti,
            identifier: sub,
            name: Some(name),
            given_name: None,
            family_name: None,
            email: None,
            sub,
            sub_type: Some("ServiceId"),
            authn: Authn { sub, iam_id, sub_type: Some("ServiceId"), name: Some(name) },
            account: NewAccount { valid: true, bss: account, frozen: true },
            api_key_id: api_key,
            iat,
            exp,
            iss: ISSUER,
            grant_type: GRANT_API_KEY,
            scope: "ibm openid",
            client_id: "default",
            acr: 1,
            amr: &["pwd"],
        };
        let claims = match principal {
            Principal::User(user) => NewClaims {
                realmid: "IBMid",
                identifier: user.identifier(),
                given_name: Some(&user.first_name),
                family_name: Some(&user.last_name),
                email: Some(&user.email),
                sub_type: None,
                authn: Authn { sub, iam_id, sub_type: None, name: Some(name) },
                ..common
            },
            Principal::ServiceId(_) => common,
            Principal::Instance(_) => NewClaims {
                realmid: "crn",
                name: None,
                sub_type: Some("CRN"),
                authn: Authn { sub, iam_id, sub_type: Some("CRN"), name: None },
                grant_type: GRANT_INSTANCE,
                acr: 0,
                amr: &[],
                ..common
            },
        };
        let mut header = Header::new(Algorithm::RS256);
        let (signers, moments) = self.signers();
        let signer = signers.get(signs_now(&moments, now)).ok_or(Error::Corrupt("no token signing key"))?;
        header.kid = Some(signer.id.clone());
        jsonwebtoken::encode(&header, &claims, &signer.signing)
            .map(|jwt| AccessToken { jwt: Zeroizing::new(jwt), expiration: exp, lifetime })
            .map_err(|_| Error::Corrupt("token signing key"))
    }

    /// Signature, issuer and times; then who it is.
    pub(crate) fn verify(&self, jwt: &str, now: Timestamp) -> Result<Caller, Error> {
        let digest: [u8; 32] = Sha256::digest(jwt).into();
        let (signers, moments) = self.signers();
        if let Some(known) = self.verified.get(EPOCH, &digest) {
            published(&signers, &moments, Some(&known.signer), now)?;
            in_time(known.iat, known.exp, now)?;
            return Ok(known.caller.clone());
        }
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["exp", "iss"]);
        // Our tokens have no `aud`, and times are checked below by the injected clock.
        rules.validate_aud = false;
        rules.validate_exp = false;
        let key_id = jsonwebtoken::decode_header(jwt).map_err(|_| Error::TokenInvalid)?.kid;
        let signer = published(&signers, &moments, key_id.as_deref(), now)?;
        let token = jsonwebtoken::decode::<Claims>(jwt, &signer.verifying, &rules).map_err(|_| Error::TokenInvalid)?;
        let Claims { iam_id, sub, name, account, api_key_id, iat, exp } = token.claims;
        in_time(iat, exp, now)?;
        if sub.is_empty() || iam_id.is_empty() {
            return Err(Error::SubjectUnreadable);
        }
        let caller = Caller::of_claims(iam_id, name, account.bss, api_key_id)?;
        let verified = Verified { caller: caller.clone(), signer: signer.id.clone(), iat, exp };
        self.verified.put(EPOCH, digest, Arc::new(verified));
        Ok(caller)
    }
}

/// The key with this id, if a token that it signed can still be good.
fn published<'a>(
    signers: &'a [Signer],
    moments: &[Timestamp],
    id: Option<&str>,
    now: Timestamp,
) -> Result<&'a Signer, Error> {
    let known = signers.iter().enumerate().find(|(_, signer)| Some(signer.id.as_str()) == id);
    let known = known.filter(|(index, _)| is_published(moments, *index, now));
    known.map(|(_, signer)| signer).ok_or(Error::TokenInvalid)
}

fn in_time(iat: i64, exp: i64, now: Timestamp) -> Result<(), Error> {
    if exp <= now.as_second() {
        return Err(Error::TokenExpired);
    }
    if iat > now.as_second() + CLOCK_STEP_SECONDS {
        return Err(Error::TokenInvalid);
    }
    Ok(())
}
