//! Keys that sign access tokens.
//!
//! *Invariant:* a key is added behind the newest one only.

use async_trait::async_trait;

use crate::{
    error::Error,
    keys::material::SealedMaterial,
    store::{
        NewEvent, SealedSigningKey, SigningKeys,
        db::{Db, Row, params},
        sql::{
            SqlStore,
            columns::{instant, millis},
        },
    },
};

#[async_trait]
impl SigningKeys for SqlStore {
    async fn signing_keys(&self) -> Result<Vec<SealedSigningKey>, Error> {
        self.read(|db| db.query("SELECT * FROM signing_keys ORDER BY signs_from, id", &[], signing_key)).await
    }

    async fn insert_signing_key(&self, newest: &str, key: SealedSigningKey, event: NewEvent) -> Result<bool, Error> {
        let newest = newest.to_owned();
        self.change(event, move |db| {
            let sql = "SELECT id FROM signing_keys ORDER BY signs_from DESC, id DESC LIMIT 1";
            let found: Option<String> = db.query_optional(sql, &[], |row| row.at(0))?;
            if found.as_ref() != Some(&newest) {
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
            db.execute("DELETE FROM signing_keys WHERE id = $1", params![&id])?;
            Ok(())
        })
        .await
    }
}

pub(super) fn insert_signing_key(db: &Db<'_>, key: &SealedSigningKey) -> Result<(), Error> {
    db.execute(
        "INSERT INTO signing_keys (id, signs_from, sealed) VALUES ($1, $2, $3)",
        params![&key.id, millis(key.signs_from), key.sealed.as_bytes()],
    )?;
    Ok(())
}

fn signing_key(row: &Row<'_>) -> Result<SealedSigningKey, Error> {
    Ok(SealedSigningKey {
        id: row.get("id")?,
        signs_from: instant(row, "signs_from")?,
        sealed: SealedMaterial::from_sealed_bytes(row.get("sealed")?),
    })
}
