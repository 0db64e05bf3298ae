//! Aliases of existing keys.
//!
//! *Invariant:* every statement is limited to the grant's instance and to a key it covers.

use async_trait::async_trait;

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
        db::{Db, params},
        sql::{SqlStore, keys::update_key},
    },
};

#[async_trait]
impl Aliases for SqlStore {
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
            db.execute(
                "DELETE FROM aliases WHERE instance = $1 AND alias = $2 AND key_id = $3",
                params![instance.0, alias.as_str(), key.id.0],
            )?;
            Ok(true)
        })
        .await
    }
}

pub(super) fn insert(db: &Db<'_>, instance: InstanceId, key: KeyId, alias: &Alias) -> Result<(), Error> {
    let inserted = db.execute_unless_taken(
        "INSERT INTO aliases (instance, alias, key_id) VALUES ($1, $2, $3)",
        params![instance.0, alias.as_str(), key.0],
    )?;
    inserted.map(drop).ok_or(Error::AliasInUse)
}

/// The key that an alias names.
pub(super) fn owner(db: &Db<'_>, instance: InstanceId, alias: &Alias) -> Result<Option<KeyId>, Error> {
    db.query_optional(
        "SELECT key_id FROM aliases WHERE instance = $1 AND alias = $2",
        params![instance.0, alias.as_str()],
        |row| row.at(0).map(KeyId),
    )
}
