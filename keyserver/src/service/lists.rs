//! Lists of keys and of a key's versions.
//!
//! *Invariant:* a list holds no material, and nothing that the grant does not reach.

use crate::{
    audit::{Answer, Audited},
    error::Error,
    iam::roles::Action,
    keys::{
        alias::KeyRef,
        lifecycle::{KeyAction, State},
        ring::RingId,
        version::Version,
    },
    service::{
        call::{Call, finish},
        keys::{KeyView, find},
    },
    state::AppState,
    store::{Filter, Page},
};

/// What a list request asks for.
#[derive(Debug)]
pub(crate) struct ListQuery {
    /// Part of the list.
    pub(crate) page: Page,
    /// Only in these states; by default all but destroyed.
    pub(crate) states: Option<Vec<State>>,
    /// Only standard keys (true) or root keys (false).
    pub(crate) extractable: Option<bool>,
}

/// The keys of a page.
pub(crate) async fn list(app: &AppState, call: Call, query: Result<ListQuery, Error>) -> Audited<Vec<KeyView>> {
    let (mut trail, credentials) = call.begin(app, Action::ListKeys);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let query = query?;
        let now = app.clock.now();
        let keys = app.store.keys(&permitted.grant, filter(app, permitted.ring, &query), query.page).await?;
        trail.total(keys.len() as u64);
        let view = |key| KeyView { key, instance: permitted.instance.clone(), now, payload: None };
        Ok((Answer::Content, keys.into_iter().map(view).collect()))
    }
    .await;
    finish(app, trail, outcome).await
}

/// How many keys there are.
pub(crate) async fn count(app: &AppState, call: Call, query: Result<ListQuery, Error>) -> Audited<u64> {
    let (mut trail, credentials) = call.begin(app, Action::CountKeys);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let query = query?;
        let total = app.store.count_keys(&permitted.grant, filter(app, permitted.ring, &query)).await?;
        trail.total(total);
        Ok((Answer::Content, total))
    }
    .await;
    finish(app, trail, outcome).await
}

fn filter(app: &AppState, ring: Option<RingId>, query: &ListQuery) -> Filter {
    let shown = || State::ALL.into_iter().filter(|state| *state != State::Destroyed).collect();
    Filter {
        ring,
        states: query.states.clone().unwrap_or_else(shown),
        extractable: query.extractable,
        now: app.clock.now(),
    }
}

/// What a request for versions asks for.
#[derive(Debug)]
pub(crate) struct VersionsQuery {
    /// Part of the list.
    pub(crate) page: Page,
    /// Whether to say how many there are in all.
    pub(crate) total: bool,
    /// Whether keys that are not active are fine too.
    pub(crate) all_key_states: bool,
}

/// Versions of a key.
pub(crate) struct VersionsView {
    /// The page, newest first.
    pub(crate) versions: Vec<Version>,
    /// How many there are in all, if asked for.
    pub(crate) total: Option<usize>,
}

/// The versions of a key, newest first.
pub(crate) async fn versions(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    query: Result<VersionsQuery, Error>,
) -> Audited<VersionsView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::ListVersions));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (key, now) = find(app, &permitted, &name?, &mut trail).await?;
        let query = query?;
        if !query.all_key_states {
            key.check(KeyAction::ListVersions, now)?;
        }
        let all = app.store.versions(&permitted.grant, key.id).await?;
        let total = query.total.then_some(all.len());
        let page = all.into_iter().skip(query.page.offset as usize).take(query.page.limit as usize);
        let versions: Vec<Version> = page.map(|sealed| sealed.version).collect();
        trail.total(versions.len() as u64);
        Ok((Answer::Content, VersionsView { versions, total }))
    }
    .await;
    finish(app, trail, outcome).await
}
