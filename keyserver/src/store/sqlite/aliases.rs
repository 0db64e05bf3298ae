//! Aliases of existing keys.
//!
//! *Invariant:* every statement is limited to the grant's instance and to a key it covers.

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::{
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{
        alias::Alias,
        crn::InstanceId,
        key::{Key, KeyId},
        lifecycle::KeyAction::{CreateAlias, DeleteAlias},
    },
    store::{
        Aliases, NewEvent,
        sqlite::{SqliteStore, keys::update_key},
    },
};

#[async_trait]
impl Aliases for SqliteStore {
    async fn insert_alias(&self, grant: &Grant, key: Key, alias: &Alias, event: NewEvent) -> Result<bool, Error> {
        grant.demand(|action| action == Action::Key(CreateAlias))?;
        grant.demand_key(&key)?;
        let (instance, alias) = (grant.instance(), alias.clone());
        self.change(event, move |db| {
            if !update_key(db, instance, &key)? {
                return Ok(false);
            }
            insert(db, instance, key.id, &alias)?;
            Ok(true)
        })
        .await
    }

    async fn delete_alias(&self, grant: &Grant, key: Key, alias: &Alias, event: NewEvent) -> Result<bool, Error> {
        grant.demand(|action| action == Action::Key(DeleteAlias))?;
        grant.demand_key(&key)?;
        let (instance, alias) = (grant.instance(), alias.clone());
        self.change(event, move |db| {
            if !update_key(db, instance, &key)? {
                return Ok(false);
            }
            db.prepare_cached("DELETE FROM aliases WHERE instance = ? AND alias = ? AND key_id = ?")?.execute((
                instance.0,
                alias.as_str(),
                key.id.0,
            ))?;
            Ok(true)
        })
        .await
    }
}

pub(super) fn insert(db: &Connection, instance: InstanceId, key: KeyId, alias: &Alias) -> Result<(), Error> {
    let inserted = db
        .execute("INSERT INTO aliases (instance, alias, key_id) VALUES (?, ?, ?)", (instance.0, alias.as_str(), key.0));
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Err(Error::AliasInUse),
        Err(error) => Err(error.into()),
    }
}

/// The key that an alias names.
pub(super) fn owner(db: &Connection, instance: InstanceId, alias: &Alias) -> Result<Option<KeyId>, Error> {
    Ok(db
        .prepare_cached("SELECT key_id FROM aliases WHERE instance = ? AND alias = ?")?
        .query_row((instance.0, alias.as_str()), |row| row.get(0).map(KeyId))
        .optional()?)
}
