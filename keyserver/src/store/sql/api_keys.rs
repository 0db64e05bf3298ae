//! API keys.
//!
//! *Invariant:* writes and lists stay inside the grant's account, and inside the caller's own keys where it says so.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        grant::AccountGrant,
        identity::{ApiKey, Digest, Principal},
    },
    store::{
        ApiKeys, NewEvent,
        db::{Db, Row, params},
        sql::{
            SqlStore,
            columns::{digest, millis, optional_instant},
            events::append,
            identities::{service_id, upkeep, user_of},
        },
    },
};

#[async_trait]
impl ApiKeys for SqlStore {
    async fn api_key_of(&self, digest: Digest) -> Result<Option<(ApiKey, Principal)>, Error> {
        self.read(move |db| {
            let sql = "SELECT * FROM api_keys WHERE digest = $1";
            let found = db.query_optional(sql, params![digest.0], api_key)?;
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
                db.query_optional(
                    "SELECT * FROM api_keys WHERE id = $1 AND account = $2",
                    params![id, &account],
                    api_key,
                )
            })
            .await?;
        Ok(found.filter(|key| grant.covers(&key.owner)))
    }

    async fn api_keys(&self, grant: &AccountGrant) -> Result<Vec<ApiKey>, Error> {
        let account = grant.account().to_owned();
        let mut keys: Vec<ApiKey> = self
            .read(move |db| {
                db.query(
                    "SELECT * FROM api_keys WHERE account = $1 ORDER BY created_at, id",
                    params![&account],
                    api_key,
                )
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
            let saved = db.execute(
                "UPDATE api_keys SET name = $1, description = $2, modified_at = $3, expires_at = $4, disabled = $5,
                     locked = $6, revision = $7 WHERE id = $8 AND account = $9 AND owner = $10 AND revision = $11",
                params![
                    &key.name,
                    &key.description,
                    millis(key.upkeep.modified_at),
                    key.expires_at.map(millis),
                    key.disabled,
                    key.upkeep.locked,
                    key.upkeep.revision,
                    key.id,
                    &account,
                    &key.owner,
                    revision
                ],
            )?;
            Ok(saved > 0)
        })
        .await
    }

    async fn delete_api_key(&self, grant: &AccountGrant, key: &ApiKey, event: NewEvent) -> Result<bool, Error> {
        grant.demand_owner(&key.owner)?;
        let (account, id, revision) = (grant.account().to_owned(), key.id, key.upkeep.revision);
        self.change(event, move |db| {
            let sql = "DELETE FROM api_keys WHERE id = $1 AND account = $2 AND revision = $3";
            Ok(db.execute(sql, params![id, &account, revision])? > 0)
        })
        .await
    }
}

fn owner(db: &Db<'_>, account: &str, iam_id: &str) -> Result<Option<Principal>, Error> {
    if let Some(id) = iam_id.strip_prefix("iam-ServiceId-").and_then(|id| Uuid::try_parse(id).ok()) {
        return Ok(db
            .query_optional(
                "SELECT * FROM service_ids WHERE id = $1 AND account = $2",
                params![id, account],
                service_id,
            )?
            .map(Principal::ServiceId));
    }
    Ok(user_of(db, account, iam_id)?.map(Principal::User))
}

pub(super) fn insert_api_key(db: &Db<'_>, key: &ApiKey) -> Result<(), Error> {
    db.execute(
        "INSERT INTO api_keys (id, account, owner, name, description, digest, created_at, created_by, modified_at,
             expires_at, disabled, locked, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        params![
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
            key.upkeep.revision
        ],
    )?;
    Ok(())
}

fn api_key(row: &Row<'_>) -> Result<ApiKey, Error> {
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
