//! Where keys are kept.
//!
//! *Invariant:* every command that touches the store finds it by these options.

use std::path::PathBuf;

use clap::Args;

/// The data directory.
#[derive(Debug, Clone, Args)]
pub struct Data {
    /// Directory of the database and, unless it is kept elsewhere, of the master key; by default in the platform's data
    /// directory.
    #[arg(long = "data", value_name = "DIR", env = "ENVELOCK_DATA")]
    directory: Option<PathBuf>,
}

impl Data {
    /// The directory given, or the platform's; `None` when the platform has none.
    pub fn directory(&self) -> Option<PathBuf> {
        self.directory.clone().or_else(|| dirs::data_dir().map(|base| base.join("envelock")))
    }
}
