//! TLS to PostgreSQL.
//!
//! *Invariant:* whoever answers shows a certificate for the name that was asked for, from somebody this machine trusts.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::Error;

/// What speaks TLS where the mode asks for it; it trusts whom the operating system trusts, or the file that `SSL_CERT_FILE`
/// names.
pub(super) fn connector(mode: SslMode) -> Result<MakeRustlsConnect, Error> {
    let mut roots = RootCertStore::empty();
    if mode == SslMode::Require {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            let text = "no certificate authority is trusted here: install ca-certificates or set SSL_CERT_FILE";
            return Err(Error::Store(text.to_owned()));
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Store(error.to_string()))?;
    Ok(MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
