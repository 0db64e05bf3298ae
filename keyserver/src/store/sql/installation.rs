//! The installation and its instances.
//!
//! *Invariant:* there is one installation row or none; the first start is one write.

use async_trait::async_trait;

use crate::{
    error::Error,
    keys::crn::{Instance, InstanceId},
    store::{
        FirstStart, Installation, Installations,
        db::{Db, Row, params},
        sql::{SqlStore, api_keys, columns::millis, identities, policies, signing_keys::insert_signing_key},
    },
};

#[async_trait]
impl Installations for SqlStore {
    async fn installation(&self) -> Result<Option<Installation>, Error> {
        self.read(|db| {
            db.query_optional("SELECT * FROM installation", &[], |row| {
                Ok(Installation {
                    account: row.get("account")?,
                    region: row.get("region")?,
                    administrator: row.get("administrator")?,
                })
            })
        })
        .await
    }

    async fn install(&self, first: FirstStart) -> Result<(), Error> {
        self.write(move |db| {
            let FirstStart { installation, signing_key, administrator, api_key, policy, instance, at } = &first;
            identities::insert_service_id(db, administrator)?;
            api_keys::insert_api_key(db, api_key)?;
            policies::insert_policy(db, policy)?;
            insert_instance(db, instance, millis(*at))?;
            let first = db.execute_unless_taken(
                "INSERT INTO installation (\"only\", account, region, administrator) VALUES (1, $1, $2, $3)",
                params![&installation.account, &installation.region, installation.administrator],
            )?;
            // Another server made one at the same moment.
            first.ok_or(Error::Contended)?;
            insert_signing_key(db, signing_key)
        })
        .await
    }

    async fn instance(&self, id: InstanceId) -> Result<Option<Instance>, Error> {
        self.read(move |db| {
            db.query_optional(
                "SELECT * FROM instances WHERE id = $1 AND service = 'kms' AND state = 'active'",
                params![id.0],
                instance,
            )
        })
        .await
    }

    async fn instances(&self, account: &str) -> Result<Vec<Instance>, Error> {
        let account = account.to_owned();
        self.read(move |db| {
            db.query(
                "SELECT * FROM instances WHERE account = $1 AND service = 'kms' AND state = 'active'
                 ORDER BY created_at, id",
                params![&account],
                instance,
            )
        })
        .await
    }
}

fn insert_instance(db: &Db<'_>, instance: &Instance, at: i64) -> Result<(), Error> {
    db.execute(
        "INSERT INTO instances (id, name, region, account, created_at) VALUES ($1, $2, $3, $4, $5)",
        params![instance.id.0, &instance.name, &instance.region, &instance.account, at],
    )?;
    Ok(())
}

/// Whether there is such an instance, of whichever service, and it is not deleted.
pub(super) fn is_active(db: &Db<'_>, id: InstanceId) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM instances WHERE id = $1 AND state = 'active')";
    db.value(sql, params![id.0])
}

pub(super) fn instance(row: &Row<'_>) -> Result<Instance, Error> {
    Ok(Instance {
        id: InstanceId(row.get("id")?),
        name: row.get("name")?,
        region: row.get("region")?,
        account: row.get("account")?,
    })
}
