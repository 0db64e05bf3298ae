//! Certificates of a test's own authority, made by openssl.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A certificate and its key, in PEM.
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificate {
    /// An authority, which signs for itself.
    pub(crate) fn authority(folder: &Path, name: &str) -> Self {
        Self::make(folder, name, "basicConstraints=critical,CA:TRUE", None)
    }

    /// A certificate of this authority for a server, such as `IP:127.0.0.1` or `DNS:db.example.com`.
    pub(crate) fn issue(&self, folder: &Path, name: &str, server: &str) -> Self {
        Self::make(folder, name, &format!("subjectAltName={server}"), Some(self))
    }

    fn make(folder: &Path, name: &str, extension: &str, issuer: Option<&Self>) -> Self {
        let made = Self { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
        let mut openssl = Command::new("openssl");
        openssl
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", &format!("/CN={name}"), "-addext", extension, "-out"])
            .arg(&made.certificate)
            .arg("-keyout")
            .arg(&made.key);
        if let Some(issuer) = issuer {
            openssl.args(["-addext", "basicConstraints=critical,CA:FALSE", "-CA"]).arg(&issuer.certificate);
            openssl.arg("-CAkey").arg(&issuer.key);
        }
        let output = openssl.output().expect("openssl is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        made
    }
}
