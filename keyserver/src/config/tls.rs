//! Options of TLS.
//!
//! *Invariant:* names files; no key is ever an option.

use std::path::{Path, PathBuf};

use clap::Args;

/// With what the server speaks TLS, if it does.
#[derive(Debug, Clone, Args)]
pub struct TlsOptions {
    /// Certificate chain in PEM, the server's own first: the server speaks TLS 1.2 and 1.3 by itself. Read again when it
    /// changes and on SIGHUP.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_TLS_CERTIFICATE")]
    pub tls_certificate: Option<PathBuf>,
    /// Private key of the certificate in PEM.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
}

impl TlsOptions {
    /// Certificate and key, if the server speaks TLS; an error if one is named without the other.
    pub fn files(&self) -> Result<Option<(&Path, &Path)>, &'static str> {
        match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
            (None, None) => Ok(None),
            (Some(_), None) => Err("tls-certificate needs tls-key, the file of its private key"),
            (None, Some(_)) => Err("tls-key needs tls-certificate, the file of its certificate"),
        }
    }
}
