//! Backup, restore and check of an installation that lies in a data directory.
//!
//! *Invariant:* only a restore takes the directory for itself; the others work beside a running server.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    OBJECTS, Place,
    custody::{self, Custody},
    lock,
};
use crate::{
    crypto::{custody::FileCustody, master, seal::Sealer},
    keys::environment::{Clock, Entropy},
    maintenance::{self, Places, Tools},
    service::audit::verify,
    store::sql::SqlStore,
};

pub use crate::{
    crypto::master::MasterKeyError,
    maintenance::{
        BackupOptions, BackupReport, CheckReport, Finding, Lock, MaintenanceError, Opener, Resealed, RestoreReport,
    },
};

/// Who copies rows or looks at them appends no audit event, and so begins no chain.
const NO_WRITER: uuid::Uuid = uuid::Uuid::nil();

/// Where an installation is.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The data directory and the database.
    pub place: Place,
    /// File of the master key; by default `master.key` in the data directory.
    pub master_key: Option<PathBuf>,
}

impl Installation {
    fn places(&self) -> Places {
        let master_key = self.place.master_key(self.master_key.as_deref());
        Places { objects: self.place.directory.join(OBJECTS), master_key }
    }

    async fn existing(&self) -> Result<SqlStore, MaintenanceError> {
        let store = self.place.open_existing(NO_WRITER).await;
        store.map_err(|error| MaintenanceError::Database(error.to_string()))
    }
}

/// Writes a backup of one state of the installation, also while its server runs.
///
/// # Errors
/// The database, a file, or the place of the backup cannot be used; no file is left behind then.
pub async fn backup(
    installation: &Installation,
    options: BackupOptions,
    clock: &dyn Clock,
) -> Result<BackupReport, MaintenanceError> {
    let store = installation.existing().await?;
    maintenance::backup(&store, &installation.places(), options, SqlStore::format(), clock.now()).await
}

/// Puts a backup into a data directory that is new or has no rows.
///
/// # Errors
/// The directory is in use or not empty, or the backup does not open or is not sound: then no row was stored.
pub async fn restore(
    installation: &Installation,
    input: &Path,
    opener: Opener,
) -> Result<RestoreReport, MaintenanceError> {
    let _lock = lock(&installation.place.directory).map_err(|error| MaintenanceError::Database(error.to_string()))?;
    let store = installation.place.open(NO_WRITER).await;
    let store = store.map_err(|error| MaintenanceError::Database(error.to_string()))?;
    maintenance::restore(&store, &installation.places(), input, opener, SqlStore::format()).await
}

/// Looks whether the installation is sound, also while its server runs. `chosen` says where root keys are held, as for the
/// server. `progress` is told what comes next.
///
/// # Errors
/// It could not be looked at, for one because a place that keys are in is not set up. What is not sound is in the report.
pub async fn check(
    installation: &Installation,
    chosen: &Custody,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<CheckReport, MaintenanceError> {
    let (store, places) = (Arc::new(installation.existing().await?), installation.places());
    let key = master::read(&places.master_key)?.ok_or(MasterKeyError::Missing(places.master_key.clone()))?;
    let sealer = Arc::new(Sealer::following(key, places.master_key.clone()));
    let file = FileCustody::new(Arc::clone(&sealer), Arc::clone(&entropy));
    let custody = custody::open(chosen, file, &*store, &clock, &entropy)
        .await
        .map_err(|error| MaintenanceError::Custody(error.to_string()))?;
    let tools = Tools { custody: &custody, sealer: &sealer, entropy: &*entropy };
    let mut report = maintenance::check(&*store, &places, &tools, progress).await?;
    progress("proving the audit trail");
    report.trail(&verify::verify(store, &[], None, &mut |_| ()).await?);
    Ok(report)
}

/// Puts everything under a new master key, also while servers run. One that was cut short is gone on with by the next.
///
/// # Errors
/// Something opens under neither key, or the database or a file cannot be used: everything opens under one of the two still.
pub async fn rotate_master_key(
    installation: &Installation,
    entropy: &dyn Entropy,
) -> Result<Resealed, MaintenanceError> {
    maintenance::rotate_master_key(&installation.existing().await?, &installation.places().master_key, entropy).await
}
