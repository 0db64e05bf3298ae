//! The audit journal.
//!
//! *Invariant:* inserts only; triggers in the schema refuse everything else. An event's place in its chain is decided by the
//! transaction that stores it.

use async_trait::async_trait;

use crate::{
    audit::chain::{Hash, Position},
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
        self.0.append(move |db| append(db, &event)).await
    }
}

/// Appends an event in the transaction that is under way.
pub(super) fn append(db: &Db<'_>, event: &NewEvent) -> Result<(), Error> {
    let head = match db.chain().head() {
        Some(head) => head,
        None => stored_head(db)?,
    };
    let at = head.next(event.json.as_bytes());
    db.execute(
        "INSERT INTO events
             (writer, sequence, hash, at, instance, key_id, initiator, action, failed, correlation, event)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params![
            at.writer,
            at.sequence.cast_signed(),
            at.hash.0,
            millis(event.at),
            event.instance.map(|id| id.0),
            event.key.map(|id| id.0),
            &event.initiator,
            event.action,
            event.failed,
            event.correlation,
            &event.json,
        ],
    )?;
    db.chain().moved(at);
    Ok(())
}

fn stored_head(db: &Db<'_>) -> Result<Position, Error> {
    let start = Position::start(db.chain().writer());
    let sql = "SELECT sequence, hash FROM events WHERE writer = $1 ORDER BY sequence DESC LIMIT 1";
    let head = db.query_optional(sql, params![start.writer], |row| {
        let (sequence, hash) = (row.get::<i64>("sequence")?.cast_unsigned(), row.get("hash").map(Hash)?);
        Ok(Position { sequence, hash, ..start })
    })?;
    Ok(head.unwrap_or(start))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::store::AuditTrail;

    const WRITER: Uuid = Uuid::from_bytes([7; 16]);

    fn event(text: &str) -> NewEvent {
        NewEvent {
            at: Timestamp::UNIX_EPOCH,
            instance: None,
            action: "a test",
            failed: false,
            initiator: String::new(),
            key: None,
            correlation: Uuid::nil(),
            json: text.to_owned(),
        }
    }

    async fn chain(store: &SqlStore) -> Vec<String> {
        let records = store.records(WRITER, 0, 100, 100).await.expect("records");
        let mut head = Position::start(WRITER);
        for record in &records {
            head = head.next(record.event.as_bytes());
            assert_eq!((record.sequence, record.hash), (head.sequence, Some(head.hash)), "{records:?}");
        }
        assert_eq!(store.own_heads(), [head], "what is remembered is what is stored");
        records.into_iter().map(|record| record.event).collect()
    }

    #[tokio::test]
    async fn what_is_undone_leaves_no_gap_in_the_chain() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = SqlStore::open_file(&directory.path().join("test.db"), WRITER).expect("a store");
        let undone = || {
            store.write(|db| -> Result<(), Error> {
                append(db, &event("undone"))?;
                append(db, &event("undone, too"))?;
                Err(Error::Contended)
            })
        };
        let panics = store.write(|db| -> Result<(), Error> {
            append(db, &event("panicked"))?;
            panic!("a mistake in the store");
        });
        let (a, b, c, d, e, f) = tokio::join!(
            undone(),
            store.append_event(event("1")),
            undone(),
            store.append_event(event("2")),
            panics,
            store.append_event(event("3")),
        );
        assert!(a.is_err() && b.is_ok() && c.is_err() && d.is_ok() && e.is_err() && f.is_ok());
        assert_eq!(chain(&store).await, ["1", "2", "3"]);
        let both = store.write(|db| append(db, &event("4")).and_then(|()| append(db, &event("5"))));
        both.await.expect("appended");
        undone().await.expect_err("undone");
        assert_eq!(chain(&store).await, ["1", "2", "3", "4", "5"]);
    }

    #[tokio::test]
    async fn a_commit_that_failed_leaves_no_gap_in_the_chain() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = SqlStore::open_file(&directory.path().join("test.db"), WRITER).expect("a store");
        store.append_event(event("1")).await.expect("appended");
        // A reference that leads nowhere is found at the commit.
        let broken = store.write(|db| {
            append(db, &event("lost"))?;
            db.execute("PRAGMA defer_foreign_keys = true", &[])?;
            db.execute("INSERT INTO aliases (instance, alias, key_id) VALUES (x'01', 'a', x'02')", &[]).map(drop)
        });
        let (beside, broken) = tokio::join!(store.append_event(event("2")), broken);
        assert!(broken.is_err());
        // Shared its commit, or did not.
        let expected = if beside.is_ok() { vec!["1", "2", "3"] } else { vec!["1", "3"] };
        store.append_event(event("3")).await.expect("appended");
        assert_eq!(chain(&store).await, expected);
    }

    #[tokio::test]
    async fn events_from_before_there_were_chains_are_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("test.db");
        let store = SqlStore::open_file(&path, WRITER).expect("a store");
        drop(store);
        let database = rusqlite::Connection::open(&path).expect("the database");
        let insert =
            "INSERT INTO events VALUES (zeroblob(16), ?1, NULL, 0, NULL, NULL, '', 'a test', 0, zeroblob(16), ?1)";
        for number in 1..=3 {
            database.execute(insert, [number]).expect("an old event");
        }
        let store = SqlStore::open_file(&path, WRITER).expect("a store");
        store.append_event(event("new")).await.expect("appended");
        assert_eq!(store.writers().await.expect("writers"), [Uuid::nil(), WRITER]);
        let unsigned = store.unsigned().await.expect("chains");
        assert_eq!(unsigned.iter().map(|chain| chain.last).collect::<Vec<_>>(), [3, 1]);
    }
}
