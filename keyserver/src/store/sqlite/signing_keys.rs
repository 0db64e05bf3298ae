//! Keys that sign access tokens.
//!
//! *Invariant:* a key is added behind the newest one only.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{
    error::Error,
    keys::material::SealedMaterial,
    store::{
        NewEvent, SealedSigningKey, SigningKeys,
        sqlite::{
            SqliteStore,
            rows::{instant, millis},
        },
    },
};

#[async_trait]
impl SigningKeys for SqliteStore {
    async fn signing_keys(&self) -> Result<Vec<SealedSigningKey>, Error> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT * FROM signing_keys ORDER BY signs_from, id")?;
            let keys = statement.query_map([], signing_key)?.collect::<Result<_, _>>()?;
            Ok(keys)
        })
        .await
    }

    async fn insert_signing_key(&self, newest: &str, key: SealedSigningKey, event: NewEvent) -> Result<bool, Error> {
        let newest = newest.to_owned();
        self.change(event, move |db| {
            let sql = "SELECT id FROM signing_keys ORDER BY signs_from DESC, id DESC LIMIT 1";
            let found: Option<String> = db.query_row(sql, [], |row| row.get(0)).optional()?;
            if found != Some(newest) {
                return Ok(false);
            }
            insert_signing_key(db, &key)?;
            Ok(true)
        })
        .await
    }

    async fn delete_signing_key(&self, id: &str) -> Result<(), Error> {
        let id = id.to_owned();
        self.write(move |db| {
            db.execute("DELETE FROM signing_keys WHERE id = ?", [id])?;
            Ok(())
        })
        .await
    }
}

pub(super) fn insert_signing_key(db: &Connection, key: &SealedSigningKey) -> Result<(), Error> {
    db.execute(
        "INSERT INTO signing_keys (id, signs_from, sealed) VALUES (?, ?, ?)",
        (&key.id, millis(key.signs_from), key.sealed.as_bytes()),
    )?;
    Ok(())
}

fn signing_key(row: &Row<'_>) -> rusqlite::Result<SealedSigningKey> {
    Ok(SealedSigningKey {
        id: row.get("id")?,
        signs_from: instant(row, "signs_from")?,
        sealed: SealedMaterial::from_sealed_bytes(row.get("sealed")?),
    })
}
