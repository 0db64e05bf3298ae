//! What an operator does with an installation as a whole: copy it, put the copy back, look whether it is sound.
//!
//! *Invariant:* nothing here changes an installation that is in use: a backup and a check read one state of it, a restore begins
//! with an empty one.

mod archive;
mod backup;
mod check;
mod encryption;
mod failure;
mod master_key;
mod restore;

use std::{fs::File, path::Path};

pub use backup::{BackupOptions, BackupReport};
pub(crate) use backup::{Places, backup};
pub use check::{CheckReport, Finding};
pub(crate) use check::{Tools, check};
pub use encryption::{Lock, Opener};
pub use failure::MaintenanceError;
pub use master_key::Resealed;
pub(crate) use master_key::rotate_master_key;
pub use restore::RestoreReport;
pub(crate) use restore::restore;

/// Makes the name of a file durable: it is on disk only once its folder is.
fn keep_name(file: &Path) -> Result<(), MaintenanceError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(MaintenanceError::io(folder))
}
