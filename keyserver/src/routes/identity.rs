//! `/identity/token`, `/oidc/token`, `/identity/keys`.
//!
//! *Invariant:* an API key is read from the form into wiped memory and goes nowhere but to its digest.

use axum::{Json, extract::State, response::IntoResponse};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    iam::token::{AccessToken, LIFETIME_SECONDS},
    routes::{
        extract::{Body, CallSource},
        reply::Reply,
        wire,
    },
    service::iam as service,
    state::App,
};

const GRANT_API_KEY: &str = "urn:ibm:params:oauth:grant-type:apikey";

pub(super) async fn token(State(app): State<App>, CallSource(source): CallSource, body: Body) -> Reply {
    Reply::json(service::token(&app, source, body.form().and_then(api_key)).await, show)
}

/// The public key that verifies tokens; anybody may read it.
pub(super) async fn keys(State(app): State<App>) -> impl IntoResponse {
    Json(json!({ "keys": [app.tokens.public()] }))
}

fn api_key(form: Vec<(String, Zeroizing<String>)>) -> Result<Zeroizing<String>, Error> {
    let mut grant_is_right = false;
    let mut api_key = None;
    for (name, value) in form {
        match name.as_str() {
            "grant_type" => grant_is_right = *value == GRANT_API_KEY,
            "apikey" => api_key = Some(value),
            _ => (),
        }
    }
    if !grant_is_right {
        return Err(Error::GrantTypeUnsupported);
    }
    api_key.ok_or(Error::ApiKeyUnknown)
}

fn show(token: AccessToken) -> wire::Token {
    wire::Token {
        access_token: token.jwt,
        refresh_token: "not_supported",
        token_type: "Bearer",
        expires_in: LIFETIME_SECONDS,
        expiration: token.expiration,
        scope: "ibm openid",
    }
}
