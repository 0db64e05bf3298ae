//! The audit journal.
//!
//! *Invariant:* inserts only; triggers in the schema refuse everything else.

use async_trait::async_trait;

use crate::{
    error::Error,
    store::{
        Events, NewEvent,
        db::{Db, params},
        sql::{SqlStore, columns::millis},
    },
};

#[async_trait]
impl Events for SqlStore {
    async fn append_event(&self, event: NewEvent) -> Result<(), Error> {
        self.write(move |db| append(db, &event)).await
    }
}

/// Appends an event in the transaction that is under way.
pub(super) fn append(db: &Db<'_>, event: &NewEvent) -> Result<(), Error> {
    db.execute(
        "INSERT INTO events (id, at, instance, action, event) VALUES ($1, $2, $3, $4, $5)",
        params![event.id, millis(event.at), event.instance.map(|id| id.0), event.action, &event.json],
    )?;
    Ok(())
}
