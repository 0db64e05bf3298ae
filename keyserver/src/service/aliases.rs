//! Names given to keys, and taken from them.
//!
//! *Invariant:* a deleted key keeps its aliases until it is purged.

use jiff::Timestamp;

use crate::{
    audit::{Answer, Audited},
    error::Error,
    iam::roles::Action,
    keys::{
        alias::{Alias, KeyRef},
        key::KeyId,
        lifecycle::KeyAction,
    },
    service::{
        call::{ATTEMPTS, Call, event, finish},
        keys::find,
    },
    state::AppState,
};

/// A new alias.
pub(crate) struct AliasView {
    /// The key it names.
    pub(crate) key: KeyId,
    /// The alias.
    pub(crate) alias: Alias,
    /// When it was given.
    pub(crate) created_at: Timestamp,
    /// IAM id of the caller.
    pub(crate) created_by: String,
}

/// Gives a key an alias.
pub(crate) async fn create(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    alias: Result<Alias, Error>,
) -> Audited<AliasView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::CreateAlias));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (name, alias) = (name?, alias?);
        for _ in 0..ATTEMPTS {
            let (mut key, now) = find(app, &permitted, &name, &mut trail).await?;
            key.add_alias(&alias, now)?;
            let event = event(app, &trail, Answer::Created)?;
            let id = key.id;
            if app.store.insert_alias(&permitted.grant, key, &alias, event).await? {
                trail.recorded();
                let created_by = permitted.grant.holder().to_owned();
                return Ok((Answer::Created, AliasView { key: id, alias, created_at: now, created_by }));
            }
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}

/// Takes an alias from a key; it may name another one from then on.
pub(crate) async fn delete(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    alias: Result<Alias, Error>,
) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::DeleteAlias));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (name, alias) = (name?, alias?);
        for _ in 0..ATTEMPTS {
            let (mut key, now) = find(app, &permitted, &name, &mut trail).await?;
            key.remove_alias(&alias, now)?;
            let event = event(app, &trail, Answer::Empty)?;
            if app.store.delete_alias(&permitted.grant, key, &alias, event).await? {
                trail.recorded();
                return Ok((Answer::Empty, ()));
            }
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}
