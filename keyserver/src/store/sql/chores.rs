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
        db::params,
        sql::{SqlStore, columns::millis, installation::instance},
    },
};

#[async_trait]
impl Chores for SqlStore {
    async fn due(
        &self,
        chore: Chore,
        now: Timestamp,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<Vec<(Instance, KeyId)>, Error> {
        let (state, due, until) = match chore {
            Chore::Purge => {
                let until = now.saturating_sub(PURGE_SCHEDULED).map_err(|_| Error::Corrupt("the clock"))?;
                (State::Destroyed, "SELECT id FROM keys WHERE state = 5 AND deleted_at <= $1", until)
            }
            Chore::Rotate => (State::Active, "SELECT key_id AS id FROM key_policies WHERE due_at <= $1", now),
            Chore::Expire => (State::Active, "SELECT id FROM keys WHERE state = 1 AND expires_at <= $1", now),
        };
        let after = after.map_or(Uuid::nil(), |key| key.0);
        self.read(move |db| {
            // What is due is found first: ordering by key must not lead to a walk through all of them.
            let sql = format!(
                "WITH due AS MATERIALIZED ({due})
                 SELECT keys.id AS due_key, instances.* FROM due JOIN keys ON keys.id = due.id
                     JOIN instances ON instances.id = keys.instance
                 WHERE keys.state = {} AND keys.id > $2 ORDER BY keys.id LIMIT $3",
                state.number()
            );
            db.query(&sql, params![millis(until), after, limit], |row| Ok((instance(row)?, KeyId(row.get("due_key")?))))
        })
        .await
    }
}
