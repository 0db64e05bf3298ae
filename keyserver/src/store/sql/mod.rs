//! The store's traits in SQL, once for every database.
//!
//! The text means the same to SQLite and to PostgreSQL: parameters are `$1`, `$2` …, nothing depends on row numbers or on the
//! order in which rows were added, texts compare by their bytes, and `LIKE` tells cases apart.
//! *Invariant:* what changes keys, identities or policies is stored with its event, appended last, or not at all.

mod aliases;
mod api_keys;
mod audit;
mod chores;
mod columns;
mod console;
mod copy;
mod events;
mod identities;
mod import_tokens;
mod installation;
mod instance_policies;
mod key_policies;
mod keys;
mod lists;
mod objects;
mod policies;
mod registrations;
mod resealing;
mod resources;
mod rings;
mod signing_keys;
mod text;

use std::path::Path;

use async_trait::async_trait;
use uuid::Uuid;

use self::events::append;
use super::{
    Changes, Health, NewEvent, Store,
    db::{self, Database, Db, chain::Chain},
};
use crate::{config::Address, error::Error};

/// A store in a database.
pub(crate) struct SqlStore(Database);

impl Store for SqlStore {
    fn changes(&self) -> &Changes {
        self.0.changes()
    }
}

impl SqlStore {
    /// A store in a SQLite file, which is made if missing and brought up to date.
    /// `writer` names the chain of audit events that this process begins.
    pub(crate) fn open_file(path: &Path, writer: Uuid) -> Result<Self, Error> {
        Database::open_file(path, Chain::new(writer)).map(Self)
    }

    /// A store in a SQLite file that a server made, which may be running; its tables are left as they are.
    pub(crate) fn open_existing_file(path: &Path, writer: Uuid) -> Result<Self, Error> {
        Database::open_existing_file(path, Chain::new(writer)).map(Self)
    }

    /// What the tables' format is called, in this database and in copies of it.
    pub(crate) fn format() -> u32 {
        db::FORMAT
    }

    /// A store in a PostgreSQL database, which is brought up to date.
    /// `writer` names the first of the chains of audit events that this process begins.
    pub(crate) async fn connect(address: &Address, writer: Uuid) -> Result<Self, Error> {
        Database::connect(address, writer).await.map(Self)
    }

    /// A store in a PostgreSQL database that a server made, which may be running; its tables are left as they are.
    pub(crate) async fn connect_existing(address: &Address, writer: Uuid) -> Result<Self, Error> {
        Database::connect_existing(address, writer).await.map(Self)
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.read(work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.write(work).await
    }

    /// A change that is stored together with its event, or, where it finds nothing to change (`false`), not at all.
    async fn change(
        &self,
        event: NewEvent,
        work: impl Fn(&Db<'_>) -> Result<bool, Error> + Send + 'static,
    ) -> Result<bool, Error> {
        self.write(move |db| {
            let changed = work(db)?;
            if changed {
                append(db, &event)?;
            }
            Ok(changed)
        })
        .await
    }
}

#[async_trait]
impl Health for SqlStore {
    async fn serves(&self) -> bool {
        self.read(|_| Ok(())).await.is_ok() && self.0.append(|_| Ok(())).await.is_ok()
    }
}
