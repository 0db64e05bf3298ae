//! Key rings.
//!
//! *Invariant:* every statement is limited to the grant's instance.

use async_trait::async_trait;

use crate::{
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{
        crn::InstanceId,
        key::DEFAULT_RING,
        lifecycle::State,
        ring::{KeyRing, MAX_RINGS, RingId},
    },
    store::{
        NewEvent, Page, Rings,
        db::{Db, Row, params, unreadable},
        sql::{
            SqlStore,
            columns::{instant, millis},
            events::append,
        },
    },
};

/// The default ring is as old as its instance.
const RINGS: &str = "SELECT 'default' AS id, created_at, NULL AS created_by FROM instances WHERE id = $1
    UNION ALL SELECT id, created_at, created_by FROM key_rings WHERE instance = $1";

#[async_trait]
impl Rings for SqlStore {
    async fn rings(&self, grant: &Grant, page: Page) -> Result<Vec<KeyRing>, Error> {
        grant.demand(|action| action == Action::ListRings)?;
        let instance = grant.instance();
        self.read(move |db| {
            let sql = format!(
                "SELECT * FROM ({RINGS}) AS rings ORDER BY id != '{DEFAULT_RING}', created_at, id LIMIT $2 OFFSET $3"
            );
            db.query(&sql, params![instance.0, page.limit, page.offset], ring)
        })
        .await
    }

    async fn count_rings(&self, grant: &Grant) -> Result<u64, Error> {
        grant.demand(|action| action == Action::ListRings)?;
        let instance = grant.instance();
        self.read(move |db| {
            let sql = format!("SELECT count(*) FROM ({RINGS}) AS rings");
            db.value(&sql, params![instance.0]).map(i64::unsigned_abs)
        })
        .await
    }

    async fn insert_ring(&self, grant: &Grant, ring: KeyRing, event: NewEvent) -> Result<(), Error> {
        grant.demand(|action| action == Action::CreateRing)?;
        let instance = grant.instance();
        self.write(move |db| {
            if exists(db, instance, ring.id.as_str())? {
                return Err(Error::RingExists);
            }
            let inserted = db.execute(
                "INSERT INTO key_rings (instance, id, created_at, created_by)
                 SELECT $1, $2, $3, $4 WHERE (SELECT count(*) FROM key_rings WHERE instance = $1) < $5",
                params![instance.0, ring.id.as_str(), millis(ring.created_at), &ring.created_by, MAX_RINGS],
            )?;
            if inserted == 0 {
                return Err(Error::TooManyRings { limit: MAX_RINGS });
            }
            append(db, &event)
        })
        .await
    }

    async fn delete_ring(&self, grant: &Grant, id: &RingId, force: bool, event: NewEvent) -> Result<(), Error> {
        grant.demand(|action| action == Action::DeleteRing)?;
        let (instance, id) = (grant.instance(), id.clone());
        self.write(move |db| {
            let (live, deleted) = occupancy(db, instance, &id)?;
            if live > 0 {
                return Err(Error::RingKeysNotDeleted);
            }
            if deleted > 0 && !force {
                return Err(Error::RingNotEmpty);
            }
            db.execute(
                "UPDATE keys SET ring = $1, revision = revision + 1 WHERE instance = $2 AND ring = $3",
                params![DEFAULT_RING, instance.0, id.as_str()],
            )?;
            let removed =
                db.execute("DELETE FROM key_rings WHERE instance = $1 AND id = $2", params![instance.0, id.as_str()])?;
            if removed == 0 {
                return Err(Error::RingNotFound);
            }
            append(db, &event)
        })
        .await
    }
}

/// Refuses a ring that does not exist.
pub(super) fn require(db: &Db<'_>, instance: InstanceId, ring: &str) -> Result<(), Error> {
    if exists(db, instance, ring)? { Ok(()) } else { Err(Error::RingNotFound) }
}

fn exists(db: &Db<'_>, instance: InstanceId, ring: &str) -> Result<bool, Error> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM ({RINGS}) AS rings WHERE id = $2)");
    db.value(&sql, params![instance.0, ring])
}

/// How many keys of a ring are not deleted, and how many are.
fn occupancy(db: &Db<'_>, instance: InstanceId, ring: &RingId) -> Result<(i64, i64), Error> {
    let sql = "SELECT count(*) FILTER (WHERE state != $3), count(*) FILTER (WHERE state = $3)
         FROM keys WHERE instance = $1 AND ring = $2";
    let values = params![instance.0, ring.as_str(), State::Destroyed.number()];
    db.query_one(sql, values, |row| Ok((row.at(0)?, row.at(1)?)))
}

fn ring(row: &Row<'_>) -> Result<KeyRing, Error> {
    let id: String = row.get("id")?;
    Ok(KeyRing {
        id: RingId::parse(&id).map_err(|_| unreadable("id"))?,
        created_at: instant(row, "created_at")?,
        created_by: row.get("created_by")?,
    })
}
