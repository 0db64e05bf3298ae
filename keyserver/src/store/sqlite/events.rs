//! The audit journal.
//!
//! *Invariant:* inserts only; triggers in the schema refuse everything else.

use async_trait::async_trait;
use rusqlite::Connection;

use crate::{
    error::Error,
    store::{
        Events, NewEvent,
        sqlite::{SqliteStore, rows::millis},
    },
};

#[async_trait]
impl Events for SqliteStore {
    async fn append_event(&self, event: NewEvent) -> Result<(), Error> {
        self.write(move |db| append(db, &event)).await
    }
}

/// Appends an event in the transaction that is under way.
pub(super) fn append(db: &Connection, event: &NewEvent) -> Result<(), Error> {
    db.prepare_cached("INSERT INTO events (id, at, instance, action, event) VALUES (?, ?, ?, ?, ?)")?.execute((
        event.id,
        millis(event.at),
        event.instance.map(|id| id.0),
        event.action,
        &event.json,
    ))?;
    Ok(())
}
