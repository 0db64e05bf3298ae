//! The trail as those see it who may: found by what events say, exported as it is.
//!
//! *Invariant:* whoever reads the trail leaves an event in it.

use crate::{
    audit::{Answer, Audited, checkpoint::Checkpoint},
    error::Error,
    iam::roles::Action,
    service::{
        audit::{checkpoints::sign_own, export::Export},
        call::{Call, finish},
    },
    state::{App, AppState},
    store::{Cursor, EventFilter, StoredRecord, Window},
};

/// Events that one look takes in; it keeps other reads waiting for some milliseconds.
const LOOKS: u32 = 20_000;
/// Looks for one page; what lies further back is for the next one.
const MAX_LOOKS: u32 = 100;

/// What to show.
#[derive(Debug)]
pub(crate) struct EventQuery {
    /// What to look for.
    pub(crate) filter: EventFilter,
    /// Where the last page ended.
    pub(crate) start: Option<Cursor>,
    /// How many at most.
    pub(crate) limit: u32,
}

/// A page of events.
#[derive(Debug)]
pub(crate) struct Events {
    /// Newest first.
    pub(crate) found: Vec<StoredRecord>,
    /// Where the next page starts, if there may be one.
    pub(crate) next: Option<Cursor>,
}

/// Finds events, newest first.
pub(crate) async fn list(app: &AppState, call: Call, query: Result<EventQuery, Error>) -> Audited<Events> {
    let (mut trail, credentials) = call.begin(app, Action::ListEvents);
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let EventQuery { filter, start, limit } = query?;
        let (mut found, mut next) = (Vec::new(), start);
        for _ in 0..MAX_LOOKS {
            let missing = limit - u32::try_from(found.len()).unwrap_or(limit);
            let window = Window { looks: LOOKS, finds: missing };
            let page = app.store.find_events(&grant, filter.clone(), next, window).await?;
            found.extend(page.found);
            next = page.next;
            if next.is_none() || found.len() >= limit as usize {
                break;
            }
        }
        trail.total(found.len() as u64);
        Ok((Answer::Content, Events { found, next }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// What to export: whole checkpoints, so that it can be verified.
#[derive(Debug, Default)]
pub(crate) struct ExportRange {
    /// Only what comes after this checkpoint.
    pub(crate) after: Option<u64>,
    /// Only up to this checkpoint; without it, to the last one.
    pub(crate) until: Option<u64>,
    /// Nothing that was signed before this moment.
    pub(crate) from: Option<jiff::Timestamp>,
}

/// Exports the trail, or a part of it.
pub(crate) async fn export(app: &App, call: Call, range: Result<ExportRange, Error>) -> Audited<Export> {
    let (trail, credentials) = call.begin(app, Action::ExportEvents);
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let ExportRange { after, until, from } = range?;
        let now = app.clock.now();
        // An export ends with a checkpoint; this one signs all that this process has written.
        sign_own(&app.store, &app.audit_signer, now).await?;
        let last = app.store.last_checkpoint().await?.map_or(0, |last| last.statement.number);
        let until = until.map_or(last, |until| until.min(last));
        let after = match (after, from) {
            (Some(0), _) | (None, None) => None,
            (Some(number), _) => Some(numbered(app, number).await?),
            (None, Some(from)) => app.store.checkpoint_before(from).await?,
        };
        Ok((Answer::Content, Export::new(app, grant.account().to_owned(), after, until, now)))
    }
    .await;
    finish(app, trail, outcome).await
}

async fn numbered(app: &AppState, number: u64) -> Result<Checkpoint, Error> {
    const NONE: Error = Error::InvalidQuery { name: "after", why: "there is no checkpoint of this number" };
    let found = app.store.checkpoints(number - 1, 1).await?.pop();
    found.filter(|checkpoint| checkpoint.statement.number == number).ok_or(NONE)
}

/// Checkpoints after this number, oldest first.
pub(crate) async fn checkpoints(
    app: &AppState,
    call: Call,
    page: Result<(u64, u32), Error>,
) -> Audited<Vec<Checkpoint>> {
    let (mut trail, credentials) = call.begin(app, Action::ListCheckpoints);
    let outcome = async {
        credentials.permit_in_account(app, trail.action).await?;
        let (after, limit) = page?;
        let found = app.store.checkpoints(after, limit).await?;
        trail.total(found.len() as u64);
        Ok((Answer::Content, found))
    }
    .await;
    finish(app, trail, outcome).await
}
