//! Service IDs and API keys.
//!
//! *Invariant:* writes and lists stay inside the grant's account.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        grant::AccountGrant,
        identity::{ApiKey, Digest, Principal, ServiceId},
    },
    store::{
        Identities, NewEvent,
        sqlite::{
            SqliteStore,
            events::append,
            rows::{SERVICE_ID_COLUMNS, millis, service_id},
        },
    },
};

#[async_trait]
impl Identities for SqliteStore {
    async fn identity_of_api_key(&self, digest: Digest) -> Result<Option<Principal>, Error> {
        self.read(move |db| {
            let sql = format!(
                "SELECT {SERVICE_ID_COLUMNS} FROM service_ids JOIN api_keys ON api_keys.service_id = service_ids.id
                 WHERE api_keys.digest = ?"
            );
            Ok(db.prepare_cached(&sql)?.query_row([digest.0], service_id).optional()?.map(Principal::ServiceId))
        })
        .await
    }

    async fn service_id(&self, id: Uuid) -> Result<Option<ServiceId>, Error> {
        self.read(move |db| {
            Ok(db.prepare_cached("SELECT * FROM service_ids WHERE id = ?")?.query_row([id], service_id).optional()?)
        })
        .await
    }

    async fn insert_service_id(&self, grant: &AccountGrant, identity: ServiceId, event: NewEvent) -> Result<(), Error> {
        let identity = ServiceId { account: grant.account().to_owned(), ..identity };
        self.write(move |db| insert_service_id(db, &identity).and_then(|()| append(db, &event))).await
    }

    async fn service_ids(&self, grant: &AccountGrant) -> Result<Vec<ServiceId>, Error> {
        let account = grant.account().to_owned();
        self.read(move |db| {
            let mut statement =
                db.prepare_cached("SELECT * FROM service_ids WHERE account = ? ORDER BY created_at, rowid")?;
            let identities = statement.query_map([account], service_id)?.collect::<Result<_, _>>()?;
            Ok(identities)
        })
        .await
    }

    async fn insert_api_key(&self, grant: &AccountGrant, key: ApiKey, event: NewEvent) -> Result<(), Error> {
        let account = grant.account().to_owned();
        self.write(move |db| insert_api_key(db, &account, &key).and_then(|()| append(db, &event))).await
    }
}

pub(super) fn insert_service_id(db: &Connection, identity: &ServiceId) -> Result<(), Error> {
    let operates: Vec<String> = identity.operates.iter().map(ToString::to_string).collect();
    db.execute(
        "INSERT INTO service_ids (id, name, description, account, operates, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            identity.id,
            &identity.name,
            &identity.description,
            &identity.account,
            serde_json::to_string(&operates).map_err(|_| Error::Corrupt("services of a service ID"))?,
            millis(identity.created_at),
        ),
    )?;
    Ok(())
}

pub(super) fn insert_api_key(db: &Connection, account: &str, key: &ApiKey) -> Result<(), Error> {
    let inserted = db.execute(
        "INSERT INTO api_keys (id, name, description, service_id, digest, created_at, created_by)
         SELECT ?, ?, ?, id, ?, ?, ? FROM service_ids WHERE id = ? AND account = ?",
        (
            key.id,
            &key.name,
            &key.description,
            key.digest.0,
            millis(key.created_at),
            &key.created_by,
            key.owner,
            account,
        ),
    )?;
    if inserted == 1 { Ok(()) } else { Err(Error::ServiceIdNotFound) }
}
