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
        listing::{filter::Term, search::Search, sort::Step},
        ring::RingId,
        version::Version,
    },
    service::{
        call::{Call, finish},
        keys::{KeyView, find},
    },
    state::AppState,
    store::{Filter, Found, Listing, Page},
};

/// What a list request asks for.
#[derive(Debug)]
pub(crate) struct ListQuery {
    /// All of these hold; without one about states, destroyed keys are left out.
    pub(crate) terms: Vec<Term>,
    /// Of those keys, the ones that this finds.
    pub(crate) search: Option<Search>,
    /// In this order.
    pub(crate) order: Vec<Step>,
    /// Part of the list.
    pub(crate) page: Page,
}

/// A page of keys.
pub(crate) struct KeysView {
    /// The page.
    pub(crate) keys: Vec<KeyView>,
    /// The search that was made.
    pub(crate) search: Option<Search>,
    /// Whether there were too many keys to search, so that only the one is shown that was looked up directly.
    pub(crate) incomplete: bool,
}

/// The keys of a page.
pub(crate) async fn list(app: &AppState, call: Call, query: Result<ListQuery, Error>) -> Audited<KeysView> {
    let (mut trail, credentials) = call.begin(app, Action::ListKeys);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let ListQuery { terms, search, order, page } = query?;
        let filter = filter(app, permitted.ring, terms);
        let now = filter.now;
        let listing = Listing { filter, search: search.clone(), order, page };
        let Found { keys, incomplete } = app.store.keys(&permitted.grant, listing).await?;
        trail.total(keys.len() as u64);
        let view = |key| KeyView { key, instance: permitted.instance.clone(), now, payload: None };
        Ok((Answer::Content, KeysView { keys: keys.into_iter().map(view).collect(), search, incomplete }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// How many keys fulfil the terms.
pub(crate) async fn count(app: &AppState, call: Call, terms: Result<Vec<Term>, Error>) -> Audited<u64> {
    let (mut trail, credentials) = call.begin(app, Action::CountKeys);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let total = app.store.count_keys(&permitted.grant, filter(app, permitted.ring, terms?)).await?;
        trail.total(total);
        Ok((Answer::Content, total))
    }
    .await;
    finish(app, trail, outcome).await
}

fn filter(app: &AppState, ring: Option<RingId>, mut terms: Vec<Term>) -> Filter {
    if !terms.iter().any(|term| matches!(term, Term::States(_))) {
        let shown = State::ALL.into_iter().filter(|state| *state != State::Destroyed);
        terms.push(Term::States(shown.collect()));
    }
    Filter { ring, terms, now: app.clock.now() }
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
