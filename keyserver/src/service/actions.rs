//! Wrap, unwrap, rewrap.
//!
//! *Invariant:* a data key leaves only in an audited outcome, and rewrap's outcome has no place for one.

use crate::{
    audit::{Answer, Audited},
    crypto::wrapped::WrappedDek,
    error::Error,
    iam::roles::Action,
    keys::{aad::Aad, alias::KeyRef, lifecycle::KeyAction, material::Secret, version::VersionId},
    service::{
        call::{Call, finish},
        material::{Found, RootKey},
    },
    state::AppState,
};

pub(crate) use crate::service::material::Rewrap;

const DEK_BYTES: usize = 32;

/// What to wrap.
pub(crate) struct WrapInput {
    /// The data key; without it the service draws one.
    pub(crate) plaintext: Option<Secret>,
    /// To be repeated at unwrap.
    pub(crate) aad: Aad,
}

/// A wrapped data key.
pub(crate) struct Wrapped {
    /// The data key, if the service drew it.
    pub(crate) plaintext: Option<Secret>,
    /// Opaque to callers.
    pub(crate) ciphertext: String,
    /// The version that wrapped it.
    pub(crate) version: VersionId,
}

/// What to unwrap or rewrap.
pub(crate) struct UnwrapInput {
    /// As wrap returned it.
    pub(crate) ciphertext: WrappedDek,
    /// As given to wrap.
    pub(crate) aad: Aad,
}

/// An unwrapped data key.
pub(crate) struct Unwrapped {
    /// The data key.
    pub(crate) plaintext: Secret,
    /// The version that had wrapped it.
    pub(crate) version: VersionId,
    /// A fresh copy, if that version is not the newest.
    pub(crate) rewrapped: Option<Rewrap>,
}

/// A rewrapped data key.
pub(crate) struct Rewrapped {
    /// The version that had wrapped it.
    pub(crate) version: VersionId,
    /// The fresh copy.
    pub(crate) rewrapped: Rewrap,
}

/// Wraps a data key under the newest version.
pub(crate) async fn wrap(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    input: Result<WrapInput, Error>,
) -> Audited<Wrapped> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Wrap));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let root = RootKey::find(app, &permitted, name, KeyAction::Wrap, &mut trail).await?;
        let WrapInput { plaintext, aad } = input?;
        let drawn = plaintext.is_none();
        let dek = plaintext.unwrap_or_else(|| Secret::random(DEK_BYTES, &*app.entropy));
        let Rewrap { ciphertext, version } = root.wrap(app, &dek, &aad, &mut trail).await?;
        Ok((Answer::Content, Wrapped { plaintext: drawn.then_some(dek), ciphertext, version }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Unwraps a data key; after a rotation, also wraps it under the newest version.
pub(crate) async fn unwrap(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    input: Result<UnwrapInput, Error>,
) -> Audited<Unwrapped> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Unwrap));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let root = RootKey::find(app, &permitted, name, KeyAction::Unwrap, &mut trail).await?;
        let UnwrapInput { ciphertext, aad } = input?;
        let Found { dek, version, fresh } = root.unwrap(app, &ciphertext, &aad, &mut trail).await?;
        Ok((Answer::Content, Unwrapped { plaintext: dek, version, rewrapped: fresh }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Moves a wrapped data key to the newest version without showing it.
pub(crate) async fn rewrap(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    input: Result<UnwrapInput, Error>,
) -> Audited<Rewrapped> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Rewrap));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let root = RootKey::find(app, &permitted, name, KeyAction::Rewrap, &mut trail).await?;
        let UnwrapInput { ciphertext, aad } = input?;
        let (version, rewrapped) = root.rewrap(app, &ciphertext, &aad, &mut trail).await?;
        Ok((Answer::Content, Rewrapped { version, rewrapped }))
    }
    .await;
    finish(app, trail, outcome).await
}
