//! One event per request, written before its answer is released.
//!
//! The event of a change to a key, identity or policy is stored in one transaction with the change, so that neither is
//! without the other. Use of a key, refusals and the console's sign-in are recorded after the fact, before the answer.
//! *Invariant:* an [`Audited`] value is made by [`record`] alone, after its event is in the journal; without the event there
//! is no answer but an error.

pub(crate) mod chain;
pub(crate) mod checkpoint;
pub(crate) mod event;
pub(crate) mod export;
mod identity_names;
mod names;
pub(crate) mod policy;
mod service_names;
pub(crate) mod verify;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    audit::event::{Reason, Trail},
    error::Error,
    iam::roles::Action,
    keys::{crn::InstanceId, key::KeyId},
};

/// An event as the journal keeps it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// When.
    pub(crate) at: Timestamp,
    /// The instance it belongs to, if the request named one that exists.
    pub(crate) instance: Option<InstanceId>,
    /// Event name.
    pub(crate) action: &'static str,
    /// Whether what it tells of was refused or went wrong.
    pub(crate) failed: bool,
    /// IAM id of who asked; empty if nobody knows.
    pub(crate) initiator: String,
    /// The key that it is about.
    pub(crate) key: Option<KeyId>,
    /// Id of the request.
    pub(crate) correlation: Uuid,
    /// The whole event as JSON.
    pub(crate) json: String,
}

/// Where events go; appends only.
#[async_trait]
pub(crate) trait Journal: Send + Sync {
    /// Durable when this returns.
    async fn append(&self, entry: Entry) -> Result<(), Error>;
}

/// What kind of success an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// There is something to tell.
    Content,
    /// Something was made.
    Created,
    /// Taken on; there is something to tell.
    Accepted,
    /// Something was made, and there is nothing to tell.
    CreatedSilently,
    /// Done, and nothing to tell.
    Empty,
    /// A part of what there is to tell.
    Partial,
    /// The caller has what there is to tell.
    Unchanged,
}

/// Which status an outcome will have; the HTTP side supplies it, so that events and answers cannot disagree.
pub(crate) type Classify = fn(Result<Answer, &Error>) -> Reason;

/// The outcome of a use-case whose event is written.
pub(crate) struct Audited<T> {
    action: Action,
    correlation: Uuid,
    outcome: Result<(Answer, T), Error>,
}

impl<T> Audited<T> {
    /// Takes the outcome out, to be answered. For the reply file only.
    pub(crate) fn open(self) -> (Action, Uuid, Result<(Answer, T), Error>) {
        (self.action, self.correlation, self.outcome)
    }
}

/// The event of a change that is about to succeed, to be stored in one step with it; the trail then is
/// [`Trail::recorded`].
pub(crate) fn of_success(classify: Classify, id: Uuid, trail: &Trail, answer: Answer) -> Result<Entry, Error> {
    trail.entry(id, classify(Ok(answer)), None)
}

/// Writes the event of a request, unless it is stored already, and seals its outcome. If the event cannot be written, the outcome is dropped.
pub(crate) async fn record<T>(
    journal: &dyn Journal,
    classify: Classify,
    id: Uuid,
    trail: Trail,
    outcome: Result<(Answer, T), Error>,
) -> Audited<T> {
    let (action, correlation) = (trail.action, trail.correlation);
    if trail.is_recorded() && outcome.is_ok() {
        return Audited { action, correlation, outcome };
    }
    let verdict = outcome.as_ref().map(|(answer, _)| *answer);
    let written = match trail.entry(id, classify(verdict), verdict.err()) {
        Ok(entry) => journal.append(entry).await,
        Err(error) => Err(error),
    };
    Audited { action, correlation, outcome: written.and(outcome) }
}
