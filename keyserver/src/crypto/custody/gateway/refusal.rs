//! What a refusal of the upstream means to the callers of this server.
//!
//! *Invariant:* of what the upstream wrote nothing but a reason code is repeated, and that in the log only.

use hyper::StatusCode;
use serde::Deserialize;

use crate::error::{Error, upstream::Fault};

/// What an error body says.
#[derive(Default)]
pub(super) struct Told {
    code: Option<String>,
    field: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    reasons: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    code: String,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    name: String,
}

/// Reads the first reason; a body without one says nothing, as is usual with 401.
pub(super) fn read(body: &[u8]) -> Told {
    let reasons = serde_json::from_slice::<Body>(body).map(|body| body.resources).unwrap_or_default();
    let Some(reason) = reasons.into_iter().flat_map(|resource| resource.reasons).next() else { return Told::default() };
    let is_code = |text: &String| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    Told { code: Some(reason.code).filter(is_code), field: reason.target.map(|target| target.name) }
}

impl Told {
    /// The reason code, for the log.
    pub(super) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or("without a reason code")
    }
}

/// The meaning of an answer of the 300s or 400s. An error is the caller's own.
pub(super) fn meaning(status: StatusCode, told: &Told) -> Result<Fault, Error> {
    let code = told.code.as_deref().unwrap_or_default();
    match status {
        StatusCode::BAD_REQUEST => match field(told) {
            Some(name) => {
                Err(Error::InvalidField { name, why: "the key service that holds this key does not accept it" })
            }
            None => Ok(Fault::Refused),
        },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(Fault::AccessRefused),
        StatusCode::NOT_FOUND => Ok(Fault::KeyMissing),
        StatusCode::CONFLICT => Ok(match code {
            "KEY_ROTATION_NOT_PERMITTED" => Fault::RotationTooSoon,
            "KEY_CREATE_IMPORT_ACCESS_ERR" => Fault::AccessRefused,
            // Of a state, too, if it does not say of what.
            "KEY_ACTION_INVALID_STATE_ERR" | "" => Fault::KeyInactive,
            _ => Fault::Refused,
        }),
        StatusCode::GONE => Ok(Fault::KeyDeleted),
        StatusCode::UNPROCESSABLE_ENTITY => Err(Error::UnprocessableCiphertext),
        _ => Ok(Fault::Refused),
    }
}

/// Fields of a caller that reach the upstream.
fn field(told: &Told) -> Option<&'static str> {
    let name = told.field.as_deref()?;
    ["aad", "ciphertext", "payload", "plaintext"].into_iter().find(|known| *known == name)
}
