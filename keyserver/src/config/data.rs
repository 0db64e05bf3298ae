//! Where keys are kept.
//!
//! *Invariant:* every command that touches the store finds it by these options.

use std::path::PathBuf;

use clap::Args;

/// The data directory, and the file in which it and the other options may stand.
#[derive(Debug, Clone, Args)]
pub struct Data {
    /// File with options in TOML, such as `listen = "127.0.0.1:8443"`: named as here, without the dashes. A flag counts before
    /// the environment, that before the file.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_CONFIG")]
    pub config: Option<PathBuf>,
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
