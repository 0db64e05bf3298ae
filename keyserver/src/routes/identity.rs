//! `/identity/token`, `/oidc/token`, `/identity/keys`.
//!
//! *Invariant:* an API key is read from the form into wiped memory and goes nowhere but to its digest.

use axum::{Json, extract::State, response::IntoResponse};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    iam::token::{AccessToken, GRANT_API_KEY, GRANT_INSTANCE, ISSUER},
    keys::crn::Crn,
    routes::{
        extract::{AskedAt, Body, CallSource},
        reply::Reply,
        wire,
    },
    service::tokens::{self as service, Proof},
    state::App,
};

pub(super) async fn token(State(app): State<App>, CallSource(source): CallSource, body: Body) -> Reply {
    Reply::json(service::token(&app, source, body.form().and_then(proof)).await, show)
}

/// The public keys that verify tokens; anybody may read them.
pub(super) async fn keys(State(app): State<App>) -> impl IntoResponse {
    Json(json!({ "keys": app.tokens.public(app.clock.now()) }))
}

/// Where everything about tokens is, by the address that it was asked for at: the server is not told its own.
pub(super) async fn discovery(State(app): State<App>, AskedAt(host): AskedAt) -> impl IntoResponse {
    let scheme = if app.secure_cookies { "https" } else { "http" };
    let base = format!("{scheme}://{host}/identity");
    Json(json!({
        "issuer": ISSUER,
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "grant_types_supported": [GRANT_API_KEY, GRANT_INSTANCE],
        "response_types_supported": ["cloud_iam"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "ibm"],
        "claims_supported": ["iam_id", "sub", "iss", "iat", "exp", "account", "name", "email"],
    }))
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
