//! Where keys are kept.
//!
//! *Invariant:* every command that touches the store finds it by these options.

use std::{fs, path::PathBuf};

use clap::Args;

use super::Address;

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
    /// PostgreSQL database to use instead of a file in the data directory, as `postgresql://user@host:port/database`. Several
    /// servers may use one. TLS is spoken to other machines unless `?sslmode=disable` says not to.
    #[arg(long, value_name = "URL", env = "ENVELOCK_DATABASE_URL")]
    database_url: Option<String>,
    /// File with the password of the user in `--database-url`.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_DATABASE_PASSWORD_FILE")]
    database_password_file: Option<PathBuf>,
}

impl Data {
    /// The directory given, or the platform's; `None` when the platform has none.
    pub fn directory(&self) -> Option<PathBuf> {
        self.directory.clone().or_else(|| dirs::data_dir().map(|base| base.join("envelock")))
    }

    /// The PostgreSQL database given, with the password that is kept for it. An error names the option, and shows nothing of an
    /// address that may have a password in it.
    pub fn database(&self) -> Result<Option<Address>, String> {
        let Some(text) = &self.database_url else {
            return match self.database_password_file {
                Some(_) => Err("--database-password-file is of no use without --database-url".to_owned()),
                None => Ok(None),
            };
        };
        let address = text.parse::<Address>().map_err(|error| format!("wrong value for --database-url: {error}"))?;
        let Some(file) = &self.database_password_file else { return Ok(Some(address)) };
        let password = fs::read(file)
            .map_err(|error| format!("--database-password-file {} is not read: {error}", file.display()))?;
        Ok(Some(address.with_password(password.trim_ascii_end())))
    }
}
