//! Where a server keeps what: its data directory, and the database in it or elsewhere.
//!
//! *Invariant:* commands beside a running server find the same database as that server.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::{DATABASE, MASTER_KEY, StartError};
use crate::{config::Address, store::sql::SqlStore};

/// A data directory and a database.
#[derive(Debug, Clone)]
pub struct Place {
    /// The data directory.
    pub directory: PathBuf,
    /// The PostgreSQL database; without one, a SQLite file in the directory.
    pub database: Option<Address>,
}

impl Place {
    /// File of the master key: the one that was chosen, or else the one in the data directory.
    pub(super) fn master_key(&self, chosen: Option<&Path>) -> PathBuf {
        chosen.map_or_else(|| self.directory.join(MASTER_KEY), Path::to_owned)
    }

    /// Opens the database, makes it if it is a file that is missing, and brings its tables up to date.
    /// `writer` names the first chain of audit events that this process begins.
    pub(super) async fn open(&self, writer: Uuid) -> Result<SqlStore, StartError> {
        Ok(match &self.database {
            Some(address) => SqlStore::connect(address, writer).await?,
            None => SqlStore::open_file(&self.directory.join(DATABASE), writer)?,
        })
    }

    /// Opens a database that a server made, which may be running, and leaves its tables as they are.
    pub(super) async fn open_existing(&self, writer: Uuid) -> Result<SqlStore, StartError> {
        if let Some(address) = &self.database {
            return Ok(SqlStore::connect_existing(address, writer).await?);
        }
        let file = self.directory.join(DATABASE);
        if !file.exists() {
            return Err(StartError::Database(format!("there is none at {}; start the server first", file.display())));
        }
        Ok(SqlStore::open_existing_file(&file, writer)?)
    }
}
