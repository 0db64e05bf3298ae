//! The audit trail, read back.
//!
//! *Invariant:* one look reads a bounded part of the trail, so that no search keeps other work waiting.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    audit::{
        chain::{Hash, Position},
        checkpoint::{Checkpoint, PublicKey, Signature, Statement},
    },
    error::Error,
    iam::grant::AccountGrant,
    keys::material::SealedMaterial,
    store::{
        AuditTrail, Cursor, EventFilter, EventPage, Filed, SealedAuditKey, StoredRecord, Unsigned, Window,
        db::{Db, Row, Value, params},
        sql::{
            SqlStore,
            columns::{instant, millis},
            text::Sql,
        },
    },
};

/// Every writer, found without reading every event.
const WRITERS: &str = "WITH RECURSIVE found (writer) AS (
        SELECT (SELECT writer FROM events ORDER BY writer LIMIT 1)
        UNION ALL
        SELECT (SELECT writer FROM events WHERE events.writer > found.writer ORDER BY writer LIMIT 1)
        FROM found WHERE found.writer IS NOT NULL
    ) SELECT writer FROM found WHERE writer IS NOT NULL";
const CHECKPOINT_OF: &str =
    "SELECT * FROM audit_checkpoints WHERE writer = $1 AND number <= $2 ORDER BY number DESC LIMIT 1";

#[async_trait]
impl AuditTrail for SqlStore {
    async fn audit_key(&self) -> Result<Option<SealedAuditKey>, Error> {
        self.read(|db| {
            db.query_optional("SELECT public_key, sealed FROM audit_keys", &[], |row| {
                let public_key = row.get("public_key").map(PublicKey)?;
                Ok(SealedAuditKey { public_key, sealed: SealedMaterial::from_sealed_bytes(row.get("sealed")?) })
            })
        })
        .await
    }

    async fn insert_audit_key(&self, key: SealedAuditKey) -> Result<bool, Error> {
        self.write(move |db| {
            let there: Option<i64> = db.query_optional("SELECT \"only\" FROM audit_keys", &[], |row| row.at(0))?;
            if there.is_some() {
                return Ok(false);
            }
            let sql = "INSERT INTO audit_keys (\"only\", public_key, sealed) VALUES (1, $1, $2)";
            db.execute(sql, params![key.public_key.0, key.sealed.as_bytes()])?;
            Ok(true)
        })
        .await
    }

    fn own_heads(&self) -> Vec<Position> {
        self.0.heads()
    }

    async fn unsigned(&self) -> Result<Vec<Unsigned>, Error> {
        self.read(|db| {
            let mut unsigned = Vec::new();
            for writer in writers(db)? {
                let signed = db.query_optional(CHECKPOINT_OF, params![writer, i64::MAX], checkpoint)?;
                let signed = signed.map_or(Position::start(writer), |checkpoint| checkpoint.statement.position());
                let sql = "SELECT sequence, at FROM events WHERE writer = $1 ORDER BY sequence DESC LIMIT 1";
                let last = db.query_optional(sql, params![writer], |row| {
                    Ok(Unsigned { signed, last: row.get::<i64>("sequence")?.cast_unsigned(), at: instant(row, "at")? })
                })?;
                unsigned.extend(last.filter(|chain| chain.last > signed.sequence));
            }
            Ok(unsigned)
        })
        .await
    }

    async fn last_checkpoint(&self) -> Result<Option<Checkpoint>, Error> {
        let sql = "SELECT * FROM audit_checkpoints ORDER BY number DESC LIMIT 1";
        self.read(move |db| db.query_optional(sql, &[], checkpoint)).await
    }

    async fn checkpoint_of(&self, writer: Uuid, up_to: u64) -> Result<Option<Checkpoint>, Error> {
        self.read(move |db| db.query_optional(CHECKPOINT_OF, params![writer, up_to.cast_signed()], checkpoint)).await
    }

    async fn checkpoint_before(&self, moment: Timestamp) -> Result<Option<Checkpoint>, Error> {
        let sql = "SELECT * FROM audit_checkpoints WHERE at < $1 ORDER BY number DESC LIMIT 1";
        self.read(move |db| db.query_optional(sql, params![millis(moment)], checkpoint)).await
    }

    async fn checkpoints(&self, after: u64, limit: u32) -> Result<Vec<Checkpoint>, Error> {
        let sql = "SELECT * FROM audit_checkpoints WHERE number > $1 ORDER BY number LIMIT $2";
        self.read(move |db| db.query(sql, params![after.cast_signed(), limit], checkpoint)).await
    }

    async fn insert_checkpoint(&self, checkpoint: Checkpoint) -> Result<bool, Error> {
        self.0
            .append(move |db| {
                let Checkpoint { statement, signature } = &checkpoint;
                let last: Option<i64> = db.value("SELECT max(number) FROM audit_checkpoints", &[])?;
                if last.unwrap_or_default().cast_unsigned() + 1 != statement.number {
                    return Ok(false);
                }
                db.execute(
                    "INSERT INTO audit_checkpoints (number, previous, writer, sequence, hash, at, key, signature)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    params![
                        statement.number.cast_signed(),
                        statement.previous.0,
                        statement.writer,
                        statement.sequence.cast_signed(),
                        statement.hash.0,
                        millis(statement.time),
                        statement.key.0,
                        signature.0,
                    ],
                )?;
                Ok(true)
            })
            .await
    }

    async fn records(&self, writer: Uuid, after: u64, up_to: u64, limit: u32) -> Result<Vec<StoredRecord>, Error> {
        let sql =
            "SELECT * FROM events WHERE writer = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4";
        self.read(move |db| db.query(sql, params![writer, after.cast_signed(), up_to.cast_signed(), limit], record))
            .await
    }

    async fn writers(&self) -> Result<Vec<Uuid>, Error> {
        self.read(writers).await
    }

    async fn find_events(
        &self,
        _grant: &AccountGrant,
        filter: EventFilter,
        from: Option<Cursor>,
        window: Window,
    ) -> Result<EventPage, Error> {
        self.read(move |db| find(db, &filter, from, window)).await
    }
}

fn writers(db: &Db<'_>) -> Result<Vec<Uuid>, Error> {
    db.query(WRITERS, &[], |row| row.at(0))
}

/// Looks through a part of the index on time, which holds all that can be asked for, and reads only the events found.
fn find(db: &Db<'_>, filter: &EventFilter, from: Option<Cursor>, window: Window) -> Result<EventPage, Error> {
    let range = range(filter, from);
    let order = " ORDER BY at DESC, writer DESC, sequence DESC";
    let edge = Sql::join([
        Sql::new("SELECT at, writer, sequence FROM events WHERE ", []),
        range.clone(),
        Sql::new(format!("{order} LIMIT 1 OFFSET ?"), [Value::from(window.looks - 1)]),
    ]);
    let (sql, values) = edge.numbered();
    let edge = db.query_optional(&sql, &values, cursor)?;
    let mut condition = range;
    if let Some(edge) = edge {
        condition = condition.and("(at, writer, sequence) >= (?, ?, ?)", place(edge));
    }
    let condition = told(condition, filter);
    let places = Sql::join([
        Sql::new("SELECT at, writer, sequence FROM events WHERE ", []),
        condition,
        Sql::new(format!("{order} LIMIT ?"), [Value::from(window.finds)]),
    ]);
    let (sql, values) = places.numbered();
    let places = db.query(&sql, &values, cursor)?;
    let full = places.len() == window.finds as usize;
    let next = if full { places.last().copied() } else { edge };
    let sql = "SELECT * FROM events WHERE writer = $1 AND sequence = $2";
    let one = |place: Cursor| db.query_one(sql, params![place.writer, place.sequence.cast_signed()], record);
    Ok(EventPage { found: places.into_iter().map(one).collect::<Result<_, _>>()?, next })
}

fn range(filter: &EventFilter, from: Option<Cursor>) -> Sql {
    let mut sql = Sql::new("at >= ?", [filter.from.map_or(i64::MIN, millis).into()]);
    if let Some(until) = filter.until {
        sql = sql.and("at < ?", [millis(until).into()]);
    }
    match from {
        Some(from) => sql.and("(at, writer, sequence) < (?, ?, ?)", place(from)),
        None => sql,
    }
}

fn told(sql: Sql, filter: &EventFilter) -> Sql {
    let conditions: [(&str, Option<Value<'static>>); 6] = [
        ("instance = ?", filter.instance.map(|id| id.0.into())),
        ("key_id = ?", filter.key.map(|id| id.0.into())),
        ("initiator = ?", filter.initiator.clone().map(Value::from)),
        ("action = ?", filter.action.clone().map(Value::from)),
        ("failed = ?", filter.failed.map(Value::from)),
        ("correlation = ?", filter.correlation.map(Value::from)),
    ];
    conditions.into_iter().fold(sql, |sql, (condition, value)| match value {
        Some(value) => sql.and(condition, [value]),
        None => sql,
    })
}

fn place(cursor: Cursor) -> [Value<'static>; 3] {
    [cursor.at.into(), cursor.writer.into(), cursor.sequence.cast_signed().into()]
}

fn cursor(row: &Row<'_>) -> Result<Cursor, Error> {
    Ok(Cursor { at: row.get("at")?, writer: row.get("writer")?, sequence: row.get::<i64>("sequence")?.cast_unsigned() })
}

fn record(row: &Row<'_>) -> Result<StoredRecord, Error> {
    Ok(StoredRecord {
        writer: row.get("writer")?,
        sequence: row.get::<i64>("sequence")?.cast_unsigned(),
        hash: row.get::<Option<[u8; 32]>>("hash")?.map(Hash),
        filed: Filed {
            at: row.get("at")?,
            instance: row.get("instance")?,
            key: row.get("key_id")?,
            initiator: row.get("initiator")?,
            action: row.get("action")?,
            failed: row.get("failed")?,
            correlation: row.get("correlation")?,
        },
        event: row.get("event")?,
    })
}

fn checkpoint(row: &Row<'_>) -> Result<Checkpoint, Error> {
    let statement = Statement {
        number: row.get::<i64>("number")?.cast_unsigned(),
        previous: row.get("previous").map(Hash)?,
        writer: row.get("writer")?,
        sequence: row.get::<i64>("sequence")?.cast_unsigned(),
        hash: row.get("hash").map(Hash)?,
        time: instant(row, "at")?,
        key: row.get("key").map(Hash)?,
    };
    Ok(Checkpoint { statement, signature: row.get("signature").map(Signature)? })
}
