//! API keys.
//!
//! *Invariant:* writes and lists stay inside the grant's account, and inside the caller's own keys where it says so.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        grant::AccountGrant,
        identity::{ApiKey, Digest, Principal},
    },
    store::{
        ApiKeys, NewEvent,
        sqlite::{
            SqliteStore,
            events::append,
            identities::{service_id, upkeep, user_of},
            rows::{digest, millis, optional_instant},
        },
    },
};

#[async_trait]
impl ApiKeys for SqliteStore {
    async fn api_key_of(&self, digest: Digest) -> Result<Option<(ApiKey, Principal)>, Error> {
        self.read(move |db| {
            let sql = "SELECT * FROM api_keys WHERE digest = ?";
            let found = db.prepare_cached(sql)?.query_row([digest.0], api_key).optional()?;
            let Some(key) = found else { return Ok(None) };
            let owner = owner(db, &key.account, &key.owner)?.ok_or(Error::Corrupt("an API key of nobody"))?;
            Ok(Some((key, owner)))
        })
        .await
    }

    async fn insert_api_key(&self, grant: &AccountGrant, key: ApiKey, event: NewEvent) -> Result<(), Error> {
        grant.demand_owner(&key.owner)?;
        let key = ApiKey { account: grant.account().to_owned(), ..key };
        self.write(move |db| {
            owner(db, &key.account, &key.owner)?.ok_or(Error::IdentityNotFound)?;
            insert_api_key(db, &key)?;
            append(db, &event)
        })
        .await
    }

    async fn api_key(&self, grant: &AccountGrant, id: Uuid) -> Result<Option<ApiKey>, Error> {
        let account = grant.account().to_owned();
        let found = self
            .read(move |db| {
                let mut statement = db.prepare_cached("SELECT * FROM api_keys WHERE id = ? AND account = ?")?;
                Ok(statement.query_row((id, account), api_key).optional()?)
            })
            .await?;
        Ok(found.filter(|key| grant.covers(&key.owner)))
    }

    async fn api_keys(&self, grant: &AccountGrant) -> Result<Vec<ApiKey>, Error> {
        let account = grant.account().to_owned();
        let mut keys: Vec<ApiKey> = self
            .read(move |db| {
                let mut statement =
                    db.prepare_cached("SELECT * FROM api_keys WHERE account = ? ORDER BY created_at, rowid")?;
                let keys = statement.query_map([account], api_key)?.collect::<Result<_, _>>()?;
                Ok(keys)
            })
            .await?;
        keys.retain(|key| grant.covers(&key.owner));
        Ok(keys)
    }

    async fn save_api_key(
        &self,
        grant: &AccountGrant,
        revision: i64,
        key: ApiKey,
        event: NewEvent,
    ) -> Result<bool, Error> {
        grant.demand_owner(&key.owner)?;
        let account = grant.account().to_owned();
        self.change(event, move |db| {
            let saved = db
                .prepare_cached(
                    "UPDATE api_keys SET name = ?, description = ?, modified_at = ?, expires_at = ?, disabled = ?,
                         locked = ?, revision = ? WHERE id = ? AND account = ? AND owner = ? AND revision = ?",
                )?
                .execute((
                    &key.name,
                    &key.description,
                    millis(key.upkeep.modified_at),
                    key.expires_at.map(millis),
                    key.disabled,
                    key.upkeep.locked,
                    key.upkeep.revision,
                    key.id,
                    account,
                    &key.owner,
                    revision,
                ))?;
            Ok(saved > 0)
        })
        .await
    }

    async fn delete_api_key(&self, grant: &AccountGrant, key: &ApiKey, event: NewEvent) -> Result<bool, Error> {
        grant.demand_owner(&key.owner)?;
        let (account, id, revision) = (grant.account().to_owned(), key.id, key.upkeep.revision);
        self.change(event, move |db| {
            let sql = "DELETE FROM api_keys WHERE id = ? AND account = ? AND revision = ?";
            Ok(db.execute(sql, (id, account, revision))? > 0)
        })
        .await
    }
}

fn owner(db: &Connection, account: &str, iam_id: &str) -> Result<Option<Principal>, Error> {
    if let Some(id) = iam_id.strip_prefix("iam-ServiceId-").and_then(|id| Uuid::try_parse(id).ok()) {
        let mut statement = db.prepare_cached("SELECT * FROM service_ids WHERE id = ? AND account = ?")?;
        return Ok(statement.query_row((id, account), service_id).optional()?.map(Principal::ServiceId));
    }
    Ok(user_of(db, account, iam_id)?.map(Principal::User))
}

pub(super) fn insert_api_key(db: &Connection, key: &ApiKey) -> Result<(), Error> {
    db.execute(
        "INSERT INTO api_keys (id, account, owner, name, description, digest, created_at, created_by, modified_at,
             expires_at, disabled, locked, revision)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key.id,
            &key.account,
            &key.owner,
            &key.name,
            &key.description,
            key.digest.0,
            millis(key.upkeep.created_at),
            &key.created_by,
            millis(key.upkeep.modified_at),
            key.expires_at.map(millis),
            key.disabled,
            key.upkeep.locked,
            key.upkeep.revision,
        ),
    )?;
    Ok(())
}

fn api_key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let upkeep = upkeep(row)?;
    Ok(ApiKey {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        account: row.get("account")?,
        owner: row.get("owner")?,
        digest: digest(row, "digest")?,
        created_by: row.get("created_by")?,
        expires_at: optional_instant(row, "expires_at")?,
        disabled: row.get("disabled")?,
        upkeep,
    })
}
