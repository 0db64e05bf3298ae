//! Bodies of `/audit/v1`.
//!
//! *Invariant:* data only.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// Some events, newest first.
#[derive(Serialize)]
pub(crate) struct Events {
    /// What was found.
    pub(crate) events: Vec<Event>,
    /// `start` of the next page, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// An event with its place in the trail.
#[derive(Serialize)]
pub(crate) struct Event {
    /// Whose chain.
    pub(crate) writer: Uuid,
    /// Counted from 1.
    pub(crate) sequence: u64,
    /// The event.
    pub(crate) event: Value,
}
