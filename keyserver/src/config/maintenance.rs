//! Options of `backup`, `restore` and `fsck`.
//!
//! *Invariant:* secrets are named by their files, never given on the command line.

use std::path::PathBuf;

use clap::Args;

use super::{custody::CustodyOptions, data::Data};

/// The installation.
#[derive(Debug, Clone, Args)]
pub struct Kept {
    /// Where keys are kept.
    #[command(flatten)]
    pub data: Data,
    /// File of the master key; by default `master.key` in the data directory.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_MASTER_KEY_FILE")]
    pub master_key: Option<PathBuf>,
}

/// Options of `backup`.
#[derive(Debug, Clone, Args)]
pub struct Backup {
    /// What is copied.
    #[command(flatten)]
    pub kept: Kept,
    /// Public key of age for which the backup is encrypted (`age1…`); may be given several times. Keep the identity elsewhere.
    #[arg(long, value_name = "AGE1", env = "ENVELOCK_BACKUP_RECIPIENTS", value_delimiter = ',')]
    pub recipient: Vec<String>,
    /// File of a passphrase to encrypt the backup with, instead of a recipient.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_BACKUP_PASSPHRASE_FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Leave the stored objects out; their folder must then be copied beside the backup.
    #[arg(long)]
    pub without_objects: bool,
    /// Put the master key in. Whoever opens the backup then has every key: keep it as the master key itself.
    #[arg(long)]
    pub include_master_key: bool,
    /// The file to write.
    pub output: PathBuf,
}

/// Options of `restore`.
#[derive(Debug, Clone, Args)]
pub struct Restore {
    /// Where it is put; new, or without rows.
    #[command(flatten)]
    pub kept: Kept,
    /// File of the age identity that the backup was encrypted for.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// File of the passphrase that the backup was encrypted with.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_BACKUP_PASSPHRASE_FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// The backup.
    pub input: PathBuf,
}

/// Options of `fsck`.
#[derive(Debug, Clone, Args)]
pub struct Fsck {
    /// What is looked at.
    #[command(flatten)]
    pub kept: Kept,
    /// Where root keys are held, as for `serve`.
    #[command(flatten)]
    pub custody: CustodyOptions,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Options of `rotate-master-key`.
#[derive(Debug, Clone, Args)]
pub struct RotateMasterKey {
    /// What is put under another key.
    #[command(flatten)]
    pub kept: Kept,
}
