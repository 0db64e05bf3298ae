//! Service IDs and users.
//!
//! *Invariant:* writes and lists stay inside the grant's account; what is removed takes its API keys and policies along.

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};
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
        sqlite::{
            SqliteStore,
            events::append,
            rows::{instant, millis, unreadable},
        },
    },
};

#[async_trait]
impl Identities for SqliteStore {
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

    async fn save_service_id(
        &self,
        grant: &AccountGrant,
        revision: i64,
        identity: ServiceId,
        event: NewEvent,
    ) -> Result<bool, Error> {
        let account = grant.account().to_owned();
        self.change(event, move |db| {
            let saved = db
                .prepare_cached(
                    "UPDATE service_ids SET name = ?, description = ?, operates = ?, modified_at = ?, locked = ?,
                         revision = ? WHERE id = ? AND account = ? AND revision = ?",
                )?
                .execute((
                    &identity.name,
                    &identity.description,
                    operates(&identity)?,
                    millis(identity.upkeep.modified_at),
                    identity.upkeep.locked,
                    identity.upkeep.revision,
                    identity.id,
                    account,
                    revision,
                ))?;
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
            let sql = "DELETE FROM service_ids WHERE id = ? AND account = ? AND revision = ?";
            if db.execute(sql, (id, account, revision))? == 0 {
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
            let inserted = db.execute(
                "INSERT INTO users (iam_id, account, email, first_name, last_name, active, created_at, created_by)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    &user.iam_id,
                    account,
                    &user.email,
                    &user.first_name,
                    &user.last_name,
                    user.active,
                    millis(user.created_at),
                    &user.created_by,
                ),
            );
            taken(inserted)?;
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
            let mut statement =
                db.prepare_cached("SELECT * FROM users WHERE account = ? ORDER BY created_at, rowid")?;
            let users = statement.query_map([account], user)?.collect::<Result<_, _>>()?;
            Ok(users)
        })
        .await
    }

    async fn save_user(&self, grant: &AccountGrant, before: User, after: User, event: NewEvent) -> Result<bool, Error> {
        let account = grant.account().to_owned();
        self.change(event, move |db| {
            let saved = db.execute(
                "UPDATE users SET email = ?, first_name = ?, last_name = ?, active = ? WHERE iam_id = ? AND account = ?
                     AND email = ? AND first_name = ? AND last_name = ? AND active = ?",
                (
                    &after.email,
                    &after.first_name,
                    &after.last_name,
                    after.active,
                    &before.iam_id,
                    account,
                    &before.email,
                    &before.first_name,
                    &before.last_name,
                    before.active,
                ),
            );
            Ok(taken(saved)? > 0)
        })
        .await
    }

    async fn delete_user(&self, grant: &AccountGrant, iam_id: &str, event: NewEvent) -> Result<bool, Error> {
        let (account, iam_id) = (grant.account().to_owned(), iam_id.to_owned());
        self.change(event, move |db| {
            if db.execute("DELETE FROM users WHERE iam_id = ? AND account = ?", (&iam_id, account))? == 0 {
                return Ok(false);
            }
            forget(db, &iam_id)?;
            Ok(true)
        })
        .await
    }
}

fn taken(done: rusqlite::Result<usize>) -> Result<usize, Error> {
    match done {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Err(Error::UserExists),
        done => Ok(done?),
    }
}

/// Removes what an identity leaves behind.
fn forget(db: &Connection, iam_id: &str) -> Result<(), Error> {
    db.execute("DELETE FROM api_keys WHERE owner = ?", [iam_id])?;
    db.execute("DELETE FROM policies WHERE subject = ?", [iam_id])?;
    Ok(())
}

/// The user with this IAM id in this account.
pub(super) fn user_of(db: &Connection, account: &str, iam_id: &str) -> Result<Option<User>, Error> {
    let mut statement = db.prepare_cached("SELECT * FROM users WHERE iam_id = ? AND account = ?")?;
    Ok(statement.query_row((iam_id, account), user).optional()?)
}

/// Whether there is such a user and they are not disabled.
pub(super) fn is_active(db: &Connection, iam_id: &str) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE iam_id = ? AND active)";
    Ok(db.prepare_cached(sql)?.query_row([iam_id], |row| row.get(0))?)
}

pub(super) fn insert_service_id(db: &Connection, identity: &ServiceId) -> Result<(), Error> {
    db.execute(
        "INSERT INTO service_ids (id, name, description, account, operates, created_at, modified_at, locked, revision)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            identity.id,
            &identity.name,
            &identity.description,
            &identity.account,
            operates(identity)?,
            millis(identity.upkeep.created_at),
            millis(identity.upkeep.modified_at),
            identity.upkeep.locked,
            identity.upkeep.revision,
        ),
    )?;
    Ok(())
}

fn operates(identity: &ServiceId) -> Result<String, Error> {
    let crns: Vec<String> = identity.operates.iter().map(ToString::to_string).collect();
    serde_json::to_string(&crns).map_err(|_| Error::Corrupt("services of a service ID"))
}

pub(super) fn service_id(row: &Row<'_>) -> rusqlite::Result<ServiceId> {
    let operates: Vec<String> =
        serde_json::from_str(&row.get::<_, String>("operates")?).map_err(|_| unreadable(row, "operates"))?;
    let operates: Option<Vec<Crn>> = operates.iter().map(|crn| Crn::parse(crn)).collect();
    Ok(ServiceId {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        account: row.get("account")?,
        operates: operates.ok_or_else(|| unreadable(row, "operates"))?,
        upkeep: upkeep(row)?,
    })
}

pub(super) fn upkeep(row: &Row<'_>) -> rusqlite::Result<Upkeep> {
    Ok(Upkeep {
        created_at: instant(row, "created_at")?,
        modified_at: instant(row, "modified_at")?,
        locked: row.get("locked")?,
        revision: row.get("revision")?,
    })
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
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
