//! What has fallen due.
//!
//! *Invariant:* each query is served by an index of its own, so that looking every minute costs nothing.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::Error,
    keys::{
        crn::Instance,
        key::KeyId,
        lifecycle::{Chore, PURGE_SCHEDULED, State},
    },
    store::{
        Chores,
        sqlite::{SqliteStore, installation::instance, rows::millis},
    },
};

#[async_trait]
impl Chores for SqliteStore {
    async fn due(
        &self,
        chore: Chore,
        now: Timestamp,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<Vec<(Instance, KeyId)>, Error> {
        let (condition, until) = match chore {
            Chore::Purge => (
                format!("keys.state = {} AND keys.deleted_at <= ?", State::Destroyed.number()),
                now.saturating_sub(PURGE_SCHEDULED).map_err(|_| Error::Corrupt("the clock"))?,
            ),
            // By name, as ordering by key must not lead to a walk through all of them.
            Chore::Rotate => (
                format!(
                    "keys.state = {} AND keys.id IN (SELECT key_id FROM key_policies INDEXED BY key_policies_by_due
                     WHERE due_at <= ?)",
                    State::Active.number()
                ),
                now,
            ),
            Chore::Expire => (format!("keys.state = {} AND keys.expires_at <= ?", State::Active.number()), now),
        };
        let after = after.map_or(Uuid::nil(), |key| key.0);
        self.read(move |db| {
            let sql = format!(
                "SELECT keys.id AS key_id, instances.* FROM keys JOIN instances ON instances.id = keys.instance
                 WHERE {condition} AND keys.id > ? ORDER BY keys.id LIMIT ?"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement
                .query_map((millis(until), after, limit), |row| Ok((instance(row)?, KeyId(row.get("key_id")?))))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}
