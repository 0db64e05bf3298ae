//! TLS of the server itself: certificate and key from files, which may be replaced while connections go on.
//!
//! *Invariant:* TLS 1.2 and 1.3 only. What is served has passed the check that certificate and key belong together; a
//! replacement that does not is not taken, and the one before stays.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tokio_rustls::TlsAcceptor;

/// Why a certificate or its key is not used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be opened or is not PEM.
    #[error("{path} cannot be read as PEM: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file without what it should have.
    #[error("{path} has no {what}")]
    Missing {
        /// The file.
        path: PathBuf,
        /// What it lacks.
        what: &'static str,
    },
    /// Both can be read, and do not belong together.
    #[error("the private key in {key} does not belong to the first certificate in {certificate}")]
    Mismatch {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
    },
    /// A kind of certificate or key that is not served.
    #[error("the certificate in {certificate} or the key in {key} is of no use: {why}")]
    Unusable {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
        /// Why.
        why: String,
    },
}

/// Certificate and key as they are served at this moment.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Tls {
    /// Reads both files.
    pub fn open(certificate: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        let current = RwLock::new(Arc::new(read(certificate, key)?));
        Ok(Arc::new(Self { certificate: certificate.to_owned(), key: key.to_owned(), current }))
    }

    /// Reads them again; new connections get what is found. Says whether the certificate is another one than before.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let found = read(&self.certificate, &self.key)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let changed = current.cert != found.cert;
        if changed {
            *current = Arc::new(found);
        }
        Ok(changed)
    }

    /// What speaks TLS on a connection.
    pub(super) fn acceptor(self: &Arc<Self>) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has suites for both")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|error| unreadable(certificate, &error, "certificate"))?;
    if chain.is_empty() {
        return Err(TlsError::Missing { path: certificate.to_owned(), what: "certificate" });
    }
    let what = "private key that is not encrypted (PKCS#8, PKCS#1 or SEC1)";
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error, what))?;
    CertifiedKey::from_der(chain, private, &default_provider()).map_err(|error| {
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { certificate, key },
            other => TlsError::Unusable { certificate, key, why: other.to_string() },
        }
    })
}

fn unreadable(path: &Path, error: &pem::Error, what: &'static str) -> TlsError {
    match error {
        pem::Error::NoItemsFound => TlsError::Missing { path: path.to_owned(), what },
        other => TlsError::Unreadable { path: path.to_owned(), why: other.to_string() },
    }
}
