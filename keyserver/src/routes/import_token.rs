//! `/api/v2/import_token`, and key material in bodies.
//!
//! *Invariant:* extract → service → reply; a nonce appears in the one answer that hands it to its importer.

use axum::extract::State;
use base64ct::{Base64, Encoding};

use crate::{
    error::Error,
    keys::import_token::{GivenMaterial, ImportToken, Terms, WrappedMaterial},
    routes::{
        extract::Body,
        keys::{base64, date, material},
        reply::Reply,
        wire::{self, import_token as rows},
    },
    service::{
        call::Call,
        import::{self as service, RetrievedToken},
    },
    state::App,
};

/// The one way to encrypt for a token.
const ALGORITHM: &str = "RSAES_OAEP_SHA_256";

pub(super) async fn create(State(app): State<App>, call: Call, body: Body) -> Reply {
    let terms = body.optional().and_then(terms);
    Reply::json(service::create_token(&app, call, terms).await, |token| show(&token))
}

pub(super) async fn read(State(app): State<App>, call: Call) -> Reply {
    Reply::json(service::read_token(&app, call).await, show_whole)
}

fn terms(body: Option<rows::Terms>) -> Result<Terms, Error> {
    let rows::Terms { expiration, max_allowed_retrievals } = body.unwrap_or_default();
    Terms::parse(expiration, max_allowed_retrievals)
}

/// Key material, if any was sent: in the clear, or with the fields of an import token.
pub(super) fn given(fields: wire::Rotate) -> Result<Option<GivenMaterial>, Error> {
    let wire::Rotate { payload, encrypted_nonce, iv, encryption_algorithm } = fields;
    if encrypted_nonce.is_none() && iv.is_none() && encryption_algorithm.is_none() {
        return payload.map(|text| material("payload", &text).map(GivenMaterial::Plain)).transpose();
    }
    if encryption_algorithm.is_some_and(|name| name != ALGORITHM) {
        return Err(Error::InvalidField { name: "encryptionAlgorithm", why: "must be RSAES_OAEP_SHA_256" });
    }
    let payload = payload.as_ref().map(|text| text.as_str());
    Ok(Some(GivenMaterial::Wrapped(WrappedMaterial {
        payload: bytes("payload", payload)?,
        encrypted_nonce: bytes("encryptedNonce", encrypted_nonce.as_deref())?,
        iv: bytes("iv", iv.as_deref())?,
    })))
}

fn bytes(name: &'static str, text: Option<&str>) -> Result<Vec<u8>, Error> {
    let text = text.ok_or(Error::InvalidField { name, why: "required with the other fields of an import token" })?;
    let why = "not standard base64 with padding and without line breaks";
    Base64::decode_vec(text).map_err(|_| Error::InvalidField { name, why })
}

fn show(token: &ImportToken) -> rows::ImportToken {
    rows::ImportToken {
        creation_date: date(token.created_at),
        expiration_date: date(token.expires_at),
        max_allowed_retrievals: token.max_retrievals,
        remaining_retrievals: token.remaining_retrievals,
        payload: None,
        nonce: None,
    }
}

fn show_whole(retrieved: RetrievedToken) -> rows::ImportToken {
    rows::ImportToken {
        payload: Some(Base64::encode_string(retrieved.public_pem.as_bytes())),
        nonce: Some(base64(&retrieved.nonce)),
        ..show(&retrieved.token)
    }
}
