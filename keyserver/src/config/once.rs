//! Options of the commands that do one thing and end.
//!
//! *Invariant:* they name the store as `serve` does.

use std::path::PathBuf;

use clap::Args;

use super::data::Data;

/// Options of `rotate-signing-key`.
#[derive(Debug, Clone, Args)]
pub struct RotateSigningKey {
    /// Where keys are kept.
    #[command(flatten)]
    pub data: Data,
    /// File of the master key; by default `master.key` in the data directory.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_MASTER_KEY_FILE")]
    pub master_key: Option<PathBuf>,
}

/// Options of `sign-in-link`.
#[derive(Debug, Clone, Args)]
pub struct SignInLink {
    /// Where keys are kept.
    #[command(flatten)]
    pub data: Data,
    /// Address of the console.
    #[arg(long, value_name = "URL", env = "ENVELOCK_URL")]
    pub url: String,
}
