//! TLS to PostgreSQL: the certificate is checked, for the name and against the authority that the operator trusts.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{certificate::Certificate, cluster::Cluster, process::Running};

/// What a server says that does not start.
fn refused(data: &Path, url: &str, trusted: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"))
        .arg("--data")
        .arg(data)
        .arg(format!("--database-url={url}"))
        .env("SSL_CERT_FILE", trusted)
        .stdin(Stdio::null())
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn the_authority_and_the_name_count_and_everything_goes_over_tls() {
    let (folder, data) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let ours = Certificate::authority(folder.path(), "ours");
    let theirs = Certificate::authority(folder.path(), "theirs");
    let database = ours.issue(folder.path(), "database", "IP:127.0.0.1");
    let cluster = Cluster::start_with_tls(&database.certificate, &database.key);
    for mode in ["verify-full", "require"] {
        let url = cluster.url(&format!("?sslmode={mode}"));
        let error = refused(data.path(), &url, &theirs.certificate);
        assert!(error.contains("PostgreSQL") && error.contains("UnknownIssuer"), "{error}");
        let trusted = ours.certificate.display().to_string();
        let server = Running::start_in(
            data.path(),
            [format!("--database-url={url}").as_str()],
            &[("SSL_CERT_FILE", trusted.as_str())],
        );
        server.said("instance");
        assert!(server.stop().0.success());
    }
    let error = refused(data.path(), &cluster.url("?sslmode=disable"), &ours.certificate);
    assert!(error.contains("no encryption"), "PostgreSQL lets in by TLS only: {error}");
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let (folder, data) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let ours = Certificate::authority(folder.path(), "ours");
    let other = ours.issue(folder.path(), "other", "DNS:other.example.com");
    let cluster = Cluster::start_with_tls(&other.certificate, &other.key);
    let error = refused(data.path(), &cluster.url("?sslmode=verify-full"), &ours.certificate);
    assert!(error.contains("not valid for name") || error.contains("NotValidForName"), "{error}");
}
