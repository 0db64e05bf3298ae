//! Key rings, and moving keys between them.
//!
//! *Invariant:* the default ring is never made and never removed.

use crate::{
    audit::{Answer, Audited},
    error::Error,
    iam::roles::Action,
    keys::{
        alias::KeyRef,
        lifecycle::KeyAction,
        ring::{KeyRing, RingId},
    },
    service::{
        call::{Call, event, finish},
        keys::{KeyView, alter},
    },
    state::AppState,
    store::Page,
};

/// What a list request asks for.
#[derive(Debug)]
pub(crate) struct RingsQuery {
    /// Part of the list.
    pub(crate) page: Page,
    /// Whether to say how many there are in all.
    pub(crate) total: bool,
}

/// Rings of an instance.
pub(crate) struct RingsView {
    /// The page, the default ring first.
    pub(crate) rings: Vec<KeyRing>,
    /// How many there are in all, if asked for.
    pub(crate) total: Option<u64>,
}

/// The rings of a page.
pub(crate) async fn list(app: &AppState, call: Call, query: Result<RingsQuery, Error>) -> Audited<RingsView> {
    let (mut trail, credentials) = call.begin(app, Action::ListRings);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let RingsQuery { page, total } = query?;
        let total = if total { Some(app.store.count_rings(&permitted.grant).await?) } else { None };
        let rings = app.store.rings(&permitted.grant, page).await?;
        trail.total(rings.len() as u64);
        Ok((Answer::Content, RingsView { rings, total }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Makes a ring.
pub(crate) async fn create(app: &AppState, call: Call, id: Result<RingId, Error>) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::CreateRing);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let id = id?;
        trail.ring(&id);
        let ring = KeyRing { id, created_at: app.clock.now(), created_by: Some(permitted.grant.holder().to_owned()) };
        let event = event(app, &trail, Answer::CreatedSilently)?;
        app.store.insert_ring(&permitted.grant, ring, event).await?;
        trail.recorded();
        Ok((Answer::CreatedSilently, ()))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Removes a ring without keys; with `force`, the deleted keys of a ring move to the default ring.
pub(crate) async fn delete(
    app: &AppState,
    call: Call,
    id: Result<RingId, Error>,
    force: Result<bool, Error>,
) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::DeleteRing);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (id, force) = (id?, force?);
        trail.ring(&id);
        if id.is_default() {
            return Err(Error::DefaultRing);
        }
        let event = event(app, &trail, Answer::Empty)?;
        app.store.delete_ring(&permitted.grant, &id, force, event).await?;
        trail.recorded();
        Ok((Answer::Empty, ()))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Moves a key to another ring.
pub(crate) async fn move_key(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    ring: Result<RingId, Error>,
) -> Audited<KeyView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Patch));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (name, ring) = (name?, ring?);
        let altered = alter(app, &permitted, &name, &mut trail, Answer::Content, |key, now, after| {
            key.move_to(&ring, now)?;
            after.key(key, now);
            after.moved(&ring);
            Ok(None)
        });
        let (key, now) = altered.await?;
        Ok((Answer::Content, KeyView { key, instance: permitted.instance, now, payload: None }))
    }
    .await;
    finish(app, trail, outcome).await
}
