//! Service IDs, API keys, policies.
//!
//! *Invariant:* writes and lists stay inside the grant's account.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        grant::AccountGrant,
        identity::{ApiKey, Digest, ServiceId},
        policy::{Policy, Scope, Service},
        roles::Role,
    },
    keys::{crn::InstanceId, key::KeyId},
    store::{
        Identities, NewEvent,
        sqlite::{
            SqliteStore,
            events::append,
            rows::{SERVICE_ID_COLUMNS, instant, millis, service_id, unreadable},
        },
    },
};

#[async_trait]
impl Identities for SqliteStore {
    async fn identity_of_api_key(&self, digest: Digest) -> Result<Option<ServiceId>, Error> {
        self.read(move |db| {
            let sql = format!(
                "SELECT {SERVICE_ID_COLUMNS} FROM service_ids JOIN api_keys ON api_keys.service_id = service_ids.id
                 WHERE api_keys.digest = ?"
            );
            Ok(db.prepare_cached(&sql)?.query_row([digest.0], service_id).optional()?)
        })
        .await
    }

    async fn service_id(&self, id: Uuid) -> Result<Option<ServiceId>, Error> {
        self.read(move |db| {
            Ok(db.prepare_cached("SELECT * FROM service_ids WHERE id = ?")?.query_row([id], service_id).optional()?)
        })
        .await
    }

    async fn policies_of(&self, iam_id: &str) -> Result<Vec<Policy>, Error> {
        let subject = iam_id.to_owned();
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT * FROM policies WHERE subject = ?")?;
            let policies = statement.query_map([subject], policy)?.collect::<Result<_, _>>()?;
            Ok(policies)
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

    async fn insert_policy(&self, grant: &AccountGrant, policy: Policy, event: NewEvent) -> Result<(), Error> {
        let scope = Scope { account: grant.account().to_owned(), ..policy.scope };
        let policy = Policy { scope, ..policy };
        self.write(move |db| insert_policy(db, &policy).and_then(|()| append(db, &event))).await
    }

    async fn policies(&self, grant: &AccountGrant) -> Result<Vec<Policy>, Error> {
        let account = grant.account().to_owned();
        self.read(move |db| {
            let mut statement =
                db.prepare_cached("SELECT * FROM policies WHERE account = ? ORDER BY created_at, rowid")?;
            let policies = statement.query_map([account], policy)?.collect::<Result<_, _>>()?;
            Ok(policies)
        })
        .await
    }

    async fn delete_policy(&self, grant: &AccountGrant, id: Uuid, event: NewEvent) -> Result<bool, Error> {
        let account = grant.account().to_owned();
        self.write(move |db| {
            if db.execute("DELETE FROM policies WHERE id = ? AND account = ?", (id, account))? == 0 {
                return Ok(false);
            }
            append(db, &event)?;
            Ok(true)
        })
        .await
    }
}

pub(super) fn insert_service_id(db: &Connection, identity: &ServiceId) -> Result<(), Error> {
    db.execute(
        "INSERT INTO service_ids (id, name, description, account, created_at) VALUES (?, ?, ?, ?, ?)",
        (identity.id, &identity.name, &identity.description, &identity.account, millis(identity.created_at)),
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

pub(super) fn insert_policy(db: &Connection, policy: &Policy) -> Result<(), Error> {
    let roles: Vec<&str> = policy.roles.iter().map(|role| role.crn()).collect();
    db.execute(
        "INSERT INTO policies (id, description, subject, roles, account, service, instance, key_id, created_at, created_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            policy.id,
            &policy.description,
            &policy.subject,
            serde_json::to_string(&roles).map_err(|_| Error::Corrupt("roles of a policy"))?,
            &policy.scope.account,
            policy.scope.service.map(Service::name),
            policy.scope.instance.map(|id| id.0),
            policy.scope.key.map(|id| id.0),
            millis(policy.created_at),
            &policy.created_by,
        ),
    )?;
    Ok(())
}

fn policy(row: &Row<'_>) -> rusqlite::Result<Policy> {
    let roles: Vec<String> =
        serde_json::from_str(&row.get::<_, String>("roles")?).map_err(|_| unreadable(row, "roles"))?;
    let roles: Option<Vec<Role>> = roles.iter().map(|crn| Role::from_crn(crn)).collect();
    // A service this server does not know must not read as "any service".
    let service = match row.get::<_, Option<String>>("service")? {
        None => None,
        Some(name) => Some(Service::from_name(&name).ok_or_else(|| unreadable(row, "service"))?),
    };
    Ok(Policy {
        id: row.get("id")?,
        description: row.get("description")?,
        subject: row.get("subject")?,
        roles: roles.ok_or_else(|| unreadable(row, "roles"))?,
        scope: Scope {
            account: row.get("account")?,
            service,
            instance: row.get::<_, Option<Uuid>>("instance")?.map(InstanceId),
            key: row.get::<_, Option<Uuid>>("key_id")?.map(KeyId),
        },
        created_at: instant(row, "created_at")?,
        created_by: row.get("created_by")?,
    })
}
