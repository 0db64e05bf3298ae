//! Requests that are refused because there were too many.
//!
//! *Invariant:* recorded as any other refusal; which of them are recorded is decided where they are counted.

use crate::{
    audit::{Answer, Audited},
    error::Error,
    iam::{caller::Caller, roles::Action},
    service::call::{Source, finish},
    state::AppState,
};

/// Records that somebody was refused.
pub(crate) async fn refused(
    app: &AppState,
    source: Source,
    caller: Option<Caller>,
    action: Action,
    why: Error,
) -> Audited<()> {
    let mut trail = source.trail(app, action);
    if let Some(caller) = &caller {
        trail.caller(caller);
    }
    finish(app, trail, Err::<(Answer, ()), _>(why)).await
}
