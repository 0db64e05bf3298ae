//! Why a backup, a restore or a check does not come about.
//!
//! *Invariant:* each has a code of its own and says what to do; none holds a secret.

use std::path::{Path, PathBuf};

use crate::{crypto::master::MasterKeyError, error::Error};

/// Why it does not come about.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// Neither somebody to encrypt for nor a passphrase, or both.
    #[error("give either --recipient, once or more, or --passphrase-file: a backup is never written in clear")]
    NoLock,
    /// Neither an identity nor a passphrase, or both.
    #[error("give either --identity or --passphrase-file, whichever the backup was made for")]
    NoOpener,
    /// Not a public key of age.
    #[error("`{0}` is no age recipient: it begins with `age1`, and `age-keygen` prints it")]
    Recipient(String),
    /// A file of identities without one.
    #[error("{0} holds no age identity (a line that begins with AGE-SECRET-KEY-1)")]
    Identity(PathBuf),
    /// A passphrase that others may read, or that is too short to be one.
    #[error("the passphrase file {path} {why}")]
    Passphrase {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// Not encrypted for this identity or passphrase, or damaged.
    #[error("the backup does not open with this identity or passphrase, or was altered: {0}")]
    Locked(String),
    /// It opens and is not a backup, or not a whole one.
    #[error("the backup cannot be used: {0}")]
    NotABackup(String),
    /// Written by a program with other tables.
    #[error(
        "the backup has database format {found}, this program writes {expected}: restore it with the envelock-keyserver that made \
         it, and let the newer one bring it up to date"
    )]
    Format {
        /// Of the backup.
        found: u32,
        /// Of this program.
        expected: u32,
    },
    /// Something is in the database already.
    #[error(
        "the database is not empty (table {0} has rows): a restore never overwrites; give it a new --data directory or database"
    )]
    NotEmpty(&'static str),
    /// Something is in the way.
    #[error("{0} is there already: nothing is overwritten; choose another name or remove it")]
    Exists(PathBuf),
    /// The objects did not hold still.
    #[error(
        "objects were replaced or removed faster than they could be noted, five times: try again when less is going on"
    )]
    Unsteady,
    /// The master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// A place that root keys are in.
    #[error("{0}")]
    Custody(String),
    /// The database.
    #[error("the database cannot be used: {0}")]
    Database(String),
    /// A file or folder.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl MaintenanceError {
    /// Stable name of the kind of failure, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoLock => "BACKUP_LOCK_ERR",
            Self::NoOpener => "BACKUP_OPENER_ERR",
            Self::Recipient(_) => "BACKUP_RECIPIENT_ERR",
            Self::Identity(_) => "BACKUP_IDENTITY_ERR",
            Self::Passphrase { .. } => "BACKUP_PASSPHRASE_ERR",
            Self::Locked(_) => "BACKUP_LOCKED_ERR",
            Self::NotABackup(_) => "BACKUP_UNUSABLE_ERR",
            Self::Format { .. } => "BACKUP_FORMAT_ERR",
            Self::NotEmpty(_) => "RESTORE_NOT_EMPTY_ERR",
            Self::Exists(_) => "FILE_EXISTS_ERR",
            Self::Unsteady => "BACKUP_UNSTEADY_ERR",
            Self::MasterKey(_) => "MASTER_KEY_ERR",
            Self::Custody(_) => "CUSTODY_ERR",
            Self::Database(_) => "DATABASE_ERR",
            Self::Io { .. } => "FILE_ERR",
        }
    }

    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

impl From<Error> for MaintenanceError {
    fn from(error: Error) -> Self {
        Self::Database(error.detail())
    }
}
