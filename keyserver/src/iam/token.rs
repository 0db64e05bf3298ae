//! Access tokens: RS256-signed JWTs with the claims of IBM's IAM.
//!
//! *Invariant:* one algorithm, one issuer, one key; nothing in a token chooses how it is verified. Tokens are never stored.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64ct::{Base64, Encoding};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, jwk::Jwk};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    iam::{caller::Caller, identity::Principal},
    keys::material::Secret,
};

const LIFETIME_SECONDS: i64 = 3600;
const INSTANCE_LIFETIME_SECONDS: i64 = 1800;
const ISSUER: &str = "https://iam.envelock.internal/identity";
/// Grant type of an API key.
pub(crate) const GRANT_API_KEY: &str = "urn:ibm:params:oauth:grant-type:apikey";
/// Grant type of a service instance, asked for by its operator.
pub(crate) const GRANT_INSTANCE: &str = "urn:ibm:params:oauth:grant-type:iam-authz";
/// Tolerated when the clock is set back between issue and use.
const CLOCK_STEP_SECONDS: i64 = 60;

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
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Account {
    bss: String,
}

/// The key pair that signs and verifies.
pub(crate) struct TokenAuthority {
    key_id: String,
    signing: EncodingKey,
    verifying: DecodingKey,
    public: Jwk,
}

impl TokenAuthority {
    /// Makes a new 2048-bit private key, as the PEM text that [`TokenAuthority::load`] takes.
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

    /// Takes the private key into use under its id.
    pub(crate) fn load(key_id: String, pem: &Secret) -> Result<Self, Error> {
        const DAMAGED: Error = Error::Corrupt("token signing key");
        // Exposed to the signer, which wipes its copy.
        let signing = EncodingKey::from_rsa_pem(pem.expose()).map_err(|_| DAMAGED)?;
        let mut public = Jwk::from_encoding_key(&signing, Algorithm::RS256).map_err(|_| DAMAGED)?;
        public.common.key_id = Some(key_id.clone());
        let verifying = DecodingKey::from_jwk(&public).map_err(|_| DAMAGED)?;
        Ok(Self { key_id, signing, verifying, public })
    }

    /// The public key as an entry of the JWKS.
    pub(crate) fn public(&self) -> &Jwk {
        &self.public
    }

    /// Issues a token, good for an hour, or for half of one if a service instance gets it.
    pub(crate) fn issue(&self, principal: &Principal, jti: Uuid, now: Timestamp) -> Result<AccessToken, Error> {
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
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, &claims, &self.signing)
            .map(|jwt| AccessToken { jwt: Zeroizing::new(jwt), expiration: exp, lifetime })
            .map_err(|_| Error::Corrupt("token signing key"))
    }

    /// Signature, issuer and times; then who it is.
    pub(crate) fn verify(&self, jwt: &str, now: Timestamp) -> Result<Caller, Error> {
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["exp", "iss"]);
        // Our tokens have no `aud`, and times are checked below by the injected clock.
        rules.validate_aud = false;
        rules.validate_exp = false;
        let token = jsonwebtoken::decode::<Claims>(jwt, &self.verifying, &rules).map_err(|_| Error::TokenInvalid)?;
        if token.header.kid.as_ref() != Some(&self.key_id) {
            return Err(Error::TokenInvalid);
        }
        let Claims { iam_id, sub, name, account, iat, exp } = token.claims;
        if exp <= now.as_second() {
            return Err(Error::TokenExpired);
        }
        if iat > now.as_second() + CLOCK_STEP_SECONDS {
            return Err(Error::TokenInvalid);
        }
        if sub.is_empty() || iam_id.is_empty() {
            return Err(Error::SubjectUnreadable);
        }
        Caller::of_claims(iam_id, name, account.bss)
    }
}
