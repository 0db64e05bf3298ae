//! The installation and its instances.
//!
//! *Invariant:* there is one installation row or none; the first start is one write.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{
    error::Error,
    keys::crn::{Instance, InstanceId},
    store::{
        FirstStart, Installation, Installations,
        sqlite::{SqliteStore, api_keys, identities, policies, rows::millis, signing_keys::insert_signing_key},
    },
};

#[async_trait]
impl Installations for SqliteStore {
    async fn installation(&self) -> Result<Option<Installation>, Error> {
        self.read(|db| {
            let installation = db
                .query_row("SELECT * FROM installation", [], |row| {
                    Ok(Installation {
                        account: row.get("account")?,
                        region: row.get("region")?,
                        administrator: row.get("administrator")?,
                    })
                })
                .optional()?;
            Ok(installation)
        })
        .await
    }

    async fn install(&self, first: FirstStart) -> Result<(), Error> {
        self.write(move |db| {
            let FirstStart { installation, signing_key, administrator, api_key, policy, instance, at } = first;
            identities::insert_service_id(db, &administrator)?;
            api_keys::insert_api_key(db, &api_key)?;
            policies::insert_policy(db, &policy)?;
            insert_instance(db, &instance, millis(at))?;
            db.execute(
                "INSERT INTO installation (only, account, region, administrator) VALUES (1, ?, ?, ?)",
                (installation.account, installation.region, installation.administrator),
            )?;
            insert_signing_key(db, &signing_key)
        })
        .await
    }

    async fn instance(&self, id: InstanceId) -> Result<Option<Instance>, Error> {
        self.read(move |db| {
            let instance = db
                .prepare_cached("SELECT * FROM instances WHERE id = ? AND service = 'kms' AND state = 'active'")?
                .query_row([id.0], instance)
                .optional()?;
            Ok(instance)
        })
        .await
    }

    async fn instances(&self, account: &str) -> Result<Vec<Instance>, Error> {
        let account = account.to_owned();
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT * FROM instances WHERE account = ? AND service = 'kms' AND state = 'active'
                 ORDER BY created_at, rowid",
            )?;
            let instances = statement.query_map([account], instance)?.collect::<Result<_, _>>()?;
            Ok(instances)
        })
        .await
    }
}

fn insert_instance(db: &Connection, instance: &Instance, at: i64) -> Result<(), Error> {
    db.execute(
        "INSERT INTO instances (id, name, region, account, created_at) VALUES (?, ?, ?, ?, ?)",
        (instance.id.0, &instance.name, &instance.region, &instance.account, at),
    )?;
    Ok(())
}

pub(super) fn instance(row: &Row<'_>) -> rusqlite::Result<Instance> {
    Ok(Instance {
        id: InstanceId(row.get("id")?),
        name: row.get("name")?,
        region: row.get("region")?,
        account: row.get("account")?,
    })
}
