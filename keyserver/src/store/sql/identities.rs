//! Service IDs and users.
//!
//! *Invariant:* writes and lists stay inside the grant's account; what is removed takes its API keys and policies along.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        grant::AccountGrant,
        identity::{ServiceId, Upkeep},
        user::User,
    },
    keys::crn::Crn,
    store::{
        Identities, NewEvent,
        db::{Db, Row, params, unreadable},
        sql::{
            SqlStore,
            columns::{instant, json, millis},
            events::append,
        },
    },
};

#[async_trait]
impl Identities for SqlStore {
    async fn service_id(&self, id: Uuid) -> Result<Option<ServiceId>, Error> {
        self.read(move |db| db.query_optional("SELECT * FROM service_ids WHERE id = $1", params![id], service_id)).await
    }

    async fn insert_service_id(&self, grant: &AccountGrant, identity: ServiceId, event: NewEvent) -> Result<(), Error> {
        let identity = ServiceId { account: grant.account().to_owned(), ..identity };
        self.write(move |db| insert_service_id(db, &identity).and_then(|()| append(db, &event))).await
    }

    async fn service_ids(&self, grant: &AccountGrant) -> Result<Vec<ServiceId>, Error> {
        let account = grant.account().to_owned();
        self.read(move |db| {
            db.query(
                "SELECT * FROM service_ids WHERE account = $1 ORDER BY created_at, id",
                params![&account],
                service_id,
            )
        })
        .await
    }

    async fn save_service_id(
        &self,
        grant: &AccountGrant,
        revision: i64,
        identity: ServiceId,
        event: NewEvent,
    ) -> Result<bool, Error> {
        let account = grant.account().to_owned();
        self.change(event, move |db| {
            let saved = db.execute(
                "UPDATE service_ids SET name = $1, description = $2, operates = $3, modified_at = $4, locked = $5,
                     revision = $6 WHERE id = $7 AND account = $8 AND revision = $9",
                params![
                    &identity.name,
                    &identity.description,
                    operates(&identity)?,
                    millis(identity.upkeep.modified_at),
                    identity.upkeep.locked,
                    identity.upkeep.revision,
                    identity.id,
                    &account,
                    revision
                ],
            )?;
            Ok(saved > 0)
        })
        .await
    }

    async fn delete_service_id(
        &self,
        grant: &AccountGrant,
        identity: &ServiceId,
        event: NewEvent,
    ) -> Result<bool, Error> {
        let (account, iam_id) = (grant.account().to_owned(), identity.iam_id());
        let (id, revision) = (identity.id, identity.upkeep.revision);
        self.change(event, move |db| {
            let sql = "DELETE FROM service_ids WHERE id = $1 AND account = $2 AND revision = $3";
            if db.execute(sql, params![id, &account, revision])? == 0 {
                return Ok(false);
            }
            forget(db, &iam_id)?;
            Ok(true)
        })
        .await
    }

    async fn insert_user(&self, grant: &AccountGrant, user: User, event: NewEvent) -> Result<(), Error> {
        let account = grant.account().to_owned();
        self.write(move |db| {
            let inserted = db.execute_unless_taken(
                "INSERT INTO users (iam_id, account, email, first_name, last_name, active, created_at, created_by)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                params![
                    &user.iam_id,
                    &account,
                    &user.email,
                    &user.first_name,
                    &user.last_name,
                    user.active,
                    millis(user.created_at),
                    &user.created_by
                ],
            );
            inserted?.ok_or(Error::UserExists)?;
            append(db, &event)
        })
        .await
    }

    async fn user(&self, grant: &AccountGrant, iam_id: &str) -> Result<Option<User>, Error> {
        let (account, iam_id) = (grant.account().to_owned(), iam_id.to_owned());
        self.read(move |db| user_of(db, &account, &iam_id)).await
    }

    async fn users(&self, grant: &AccountGrant) -> Result<Vec<User>, Error> {
        let account = grant.account().to_owned();
        self.read(move |db| {
            db.query("SELECT * FROM users WHERE account = $1 ORDER BY created_at, iam_id", params![&account], user)
        })
        .await
    }

    async fn save_user(&self, grant: &AccountGrant, before: User, after: User, event: NewEvent) -> Result<bool, Error> {
        let account = grant.account().to_owned();
        self.change(event, move |db| {
            let saved = db.execute_unless_taken(
                "UPDATE users SET email = $1, first_name = $2, last_name = $3, active = $4
                     WHERE iam_id = $5 AND account = $6 AND email = $7 AND first_name = $8 AND last_name = $9
                     AND active = $10",
                params![
                    &after.email,
                    &after.first_name,
                    &after.last_name,
                    after.active,
                    &before.iam_id,
                    &account,
                    &before.email,
                    &before.first_name,
                    &before.last_name,
                    before.active
                ],
            );
            Ok(saved?.ok_or(Error::UserExists)? > 0)
        })
        .await
    }

    async fn delete_user(&self, grant: &AccountGrant, iam_id: &str, event: NewEvent) -> Result<bool, Error> {
        let (account, iam_id) = (grant.account().to_owned(), iam_id.to_owned());
        self.change(event, move |db| {
            if db.execute("DELETE FROM users WHERE iam_id = $1 AND account = $2", params![&iam_id, &account])? == 0 {
                return Ok(false);
            }
            forget(db, &iam_id)?;
            Ok(true)
        })
        .await
    }
}

/// Removes what an identity leaves behind.
fn forget(db: &Db<'_>, iam_id: &str) -> Result<(), Error> {
    db.execute("DELETE FROM api_keys WHERE owner = $1", params![iam_id])?;
    db.execute("DELETE FROM policies WHERE subject = $1", params![iam_id])?;
    Ok(())
}

/// The user with this IAM id in this account.
pub(super) fn user_of(db: &Db<'_>, account: &str, iam_id: &str) -> Result<Option<User>, Error> {
    db.query_optional("SELECT * FROM users WHERE iam_id = $1 AND account = $2", params![iam_id, account], user)
}

/// Whether there is such a user and they are not disabled.
pub(super) fn is_active(db: &Db<'_>, iam_id: &str) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE iam_id = $1 AND active)";
    db.value(sql, params![iam_id])
}

pub(super) fn insert_service_id(db: &Db<'_>, identity: &ServiceId) -> Result<(), Error> {
    db.execute(
        "INSERT INTO service_ids (id, name, description, account, operates, created_at, modified_at, locked, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            identity.id,
            &identity.name,
            &identity.description,
            &identity.account,
            operates(identity)?,
            millis(identity.upkeep.created_at),
            millis(identity.upkeep.modified_at),
            identity.upkeep.locked,
            identity.upkeep.revision
        ],
    )?;
    Ok(())
}

fn operates(identity: &ServiceId) -> Result<String, Error> {
    let crns: Vec<String> = identity.operates.iter().map(ToString::to_string).collect();
    serde_json::to_string(&crns).map_err(|_| Error::Corrupt("services of a service ID"))
}

pub(super) fn service_id(row: &Row<'_>) -> Result<ServiceId, Error> {
    let operates: Vec<String> = json(row, "operates")?;
    let operates: Option<Vec<Crn>> = operates.iter().map(|crn| Crn::parse(crn)).collect();
    Ok(ServiceId {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        account: row.get("account")?,
        operates: operates.ok_or_else(|| unreadable("operates"))?,
        upkeep: upkeep(row)?,
    })
}

pub(super) fn upkeep(row: &Row<'_>) -> Result<Upkeep, Error> {
    Ok(Upkeep {
        created_at: instant(row, "created_at")?,
        modified_at: instant(row, "modified_at")?,
        locked: row.get("locked")?,
        revision: row.get("revision")?,
    })
}

fn user(row: &Row<'_>) -> Result<User, Error> {
    Ok(User {
        iam_id: row.get("iam_id")?,
        account: row.get("account")?,
        email: row.get("email")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        active: row.get("active")?,
        created_at: instant(row, "created_at")?,
        created_by: row.get("created_by")?,
    })
}
