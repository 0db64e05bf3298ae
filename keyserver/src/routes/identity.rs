//! `/identity/token`, `/oidc/token`, `/identity/keys`.
//!
//! *Invariant:* an API key is read from the form into wiped memory and goes nowhere but to its digest.

use axum::{Json, extract::State, response::IntoResponse};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    iam::token::{AccessToken, GRANT_API_KEY, GRANT_INSTANCE},
    keys::crn::Crn,
    routes::{
        extract::{Body, CallSource},
        reply::Reply,
        wire,
    },
    service::tokens::{self as service, Proof},
    state::App,
};

pub(super) async fn token(State(app): State<App>, CallSource(source): CallSource, body: Body) -> Reply {
    Reply::json(service::token(&app, source, body.form().and_then(proof)).await, show)
}

/// The public key that verifies tokens; anybody may read it.
pub(super) async fn keys(State(app): State<App>) -> impl IntoResponse {
    Json(json!({ "keys": [app.tokens.public()] }))
}

/// Fields that other clients add, such as `response_type` and `uaa_client_id`, do not matter.
fn proof(form: Vec<(String, Zeroizing<String>)>) -> Result<Proof, Error> {
    let (mut grant, mut api_key, mut operator, mut desired) = (None, None, None, None);
    for (name, value) in form {
        match name.as_str() {
            "grant_type" => grant = Some(value),
            "apikey" => api_key = Some(value),
            "access_token" => operator = Some(value),
            "desired_iam_id" => desired = Some(value),
            _ => (),
        }
    }
    match grant.as_ref().map(|grant| grant.as_str()) {
        Some(GRANT_API_KEY) => Ok(Proof::ApiKey(api_key.ok_or(Error::ApiKeyUnknown)?)),
        Some(GRANT_INSTANCE) => {
            let crn = desired.as_ref().and_then(|id| Crn::parse(id.strip_prefix("crn-")?));
            let instance = crn.filter(|crn| crn.instance.is_some()).ok_or(Error::DesiredIdUnreadable)?;
            Ok(Proof::Operator { token: operator.ok_or(Error::TokenMissing)?, instance })
        }
        _ => Err(Error::GrantTypeUnsupported),
    }
}

fn show(token: AccessToken) -> wire::Token {
    wire::Token {
        access_token: token.jwt,
        refresh_token: "not_supported",
        token_type: "Bearer",
        expires_in: token.lifetime,
        expiration: token.expiration,
        scope: "ibm openid",
    }
}
