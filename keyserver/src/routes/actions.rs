//! `/api/v2/keys/{id}/actions/…`.
//!
//! *Invariant:* extract → service → reply; a plaintext appears in an answer only where the service put it.

use axum::extract::State;

use crate::{
    crypto::wrapped::WrappedDek,
    error::Error,
    keys::aad::Aad,
    routes::{
        extract::{Body, KeyName, Prefer},
        import_token::given,
        keys::{base64, collection, material},
        reply::Reply,
        wire,
    },
    service::{
        actions::{self as service, Rewrapped, UnwrapInput, Unwrapped, WrapInput, Wrapped},
        call::Call,
        keys::{Change, change, rotate as rotate_key},
        lifecycle::sync as sync_key,
    },
    state::App,
};

const MAX_PLAINTEXT_CHARS: usize = 4096;

pub(super) async fn wrap(State(app): State<App>, call: Call, KeyName(name): KeyName, body: Body) -> Reply {
    let input = body.optional().and_then(wrap_input);
    Reply::json(service::wrap(&app, call, name, input).await, show_wrapped)
}

pub(super) async fn unwrap(State(app): State<App>, call: Call, KeyName(name): KeyName, body: Body) -> Reply {
    let input = body.required().and_then(unwrap_input);
    Reply::json(service::unwrap(&app, call, name, input).await, show_unwrapped)
}

pub(super) async fn rewrap(State(app): State<App>, call: Call, KeyName(name): KeyName, body: Body) -> Reply {
    let input = body.required().and_then(unwrap_input);
    Reply::json(service::rewrap(&app, call, name, input).await, show_rewrapped)
}

pub(super) async fn rotate(
    State(app): State<App>,
    call: Call,
    KeyName(name): KeyName,
    prefer: Prefer,
    body: Body,
) -> Reply {
    let input = body.optional().and_then(|body| body.map_or(Ok(None), given));
    Reply::json(rotate_key(&app, call, name, input, prefer.shows()).await, |view| collection(vec![view]))
}

pub(super) async fn sync(State(app): State<App>, call: Call, KeyName(name): KeyName) -> Reply {
    Reply::empty(sync_key(&app, call, name).await)
}

pub(super) async fn disable(State(app): State<App>, call: Call, KeyName(name): KeyName) -> Reply {
    Reply::empty(change(&app, call, name, Change::Disable).await)
}

pub(super) async fn enable(State(app): State<App>, call: Call, KeyName(name): KeyName) -> Reply {
    Reply::empty(change(&app, call, name, Change::Enable).await)
}

pub(super) async fn set_for_deletion(State(app): State<App>, call: Call, KeyName(name): KeyName) -> Reply {
    Reply::empty(change(&app, call, name, Change::SetForDeletion).await)
}

pub(super) async fn unset_for_deletion(State(app): State<App>, call: Call, KeyName(name): KeyName) -> Reply {
    Reply::empty(change(&app, call, name, Change::UnsetForDeletion).await)
}

fn wrap_input(body: Option<wire::Wrap>) -> Result<WrapInput, Error> {
    let Some(wire::Wrap { plaintext, aad }) = body else {
        return Ok(WrapInput { plaintext: None, aad: Aad::default() });
    };
    if plaintext.as_ref().is_some_and(|text| text.len() > MAX_PLAINTEXT_CHARS) {
        return Err(Error::InvalidField { name: "plaintext", why: "at most 4096 characters of base64 are accepted" });
    }
    let plaintext = plaintext.map(|text| material("plaintext", &text)).transpose()?;
    Ok(WrapInput { plaintext, aad: Aad::parse(aad.unwrap_or_default())? })
}

fn unwrap_input(body: wire::Unwrap) -> Result<UnwrapInput, Error> {
    let text = body.ciphertext.ok_or(Error::InvalidField { name: "ciphertext", why: "required" })?;
    Ok(UnwrapInput { ciphertext: WrappedDek::parse(&text)?, aad: Aad::parse(body.aad.unwrap_or_default())? })
}

fn version(id: crate::keys::version::VersionId) -> wire::VersionRef {
    wire::VersionRef { id: id.to_string() }
}

fn show_wrapped(wrapped: Wrapped) -> wire::ActionResult {
    wire::ActionResult {
        plaintext: wrapped.plaintext.as_ref().map(base64),
        ciphertext: Some(wrapped.ciphertext),
        key_version: version(wrapped.version),
        rewrapped_key_version: None,
    }
}

fn show_unwrapped(unwrapped: Unwrapped) -> wire::ActionResult {
    let (ciphertext, rewrapped) = unwrapped.rewrapped.map(|copy| (copy.ciphertext, version(copy.version))).unzip();
    wire::ActionResult {
        plaintext: Some(base64(&unwrapped.plaintext)),
        ciphertext,
        key_version: version(unwrapped.version),
        rewrapped_key_version: rewrapped,
    }
}

fn show_rewrapped(rewrapped: Rewrapped) -> wire::ActionResult {
    wire::ActionResult {
        plaintext: None,
        ciphertext: Some(rewrapped.rewrapped.ciphertext),
        key_version: version(rewrapped.version),
        rewrapped_key_version: Some(version(rewrapped.rewrapped.version)),
    }
}
