//! TLS of the server itself, as openssl and curl see it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::process::Running;

/// A certificate for this machine with its key, signed by itself.
struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
}

impl Certificate {
    fn make(folder: &Path, name: &str) -> Self {
        let made = Self { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
        let output = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=IP:127.0.0.1"])
            .arg("-out")
            .arg(&made.certificate)
            .arg("-keyout")
            .arg(&made.key)
            .output()
            .expect("openssl is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        made
    }

    fn flags(&self) -> [String; 2] {
        [format!("--tls-certificate={}", self.certificate.display()), format!("--tls-key={}", self.key.display())]
    }
}

fn start(folder: &Path, certificate: &Certificate) -> Running {
    let flags = certificate.flags();
    Running::start_with_flags(&folder.join("data"), &[&flags[0], &flags[1]])
}

fn curl(trusted: &Path, arguments: &[&str]) -> Output {
    Command::new("curl")
        .args(["-sS", "--max-time", "20", "--cacert"])
        .arg(trusted)
        .args(arguments)
        .output()
        .expect("curl")
}

/// What `openssl s_client` says of a handshake.
fn handshake(server: &Running, arguments: &[&str]) -> (bool, String) {
    let address = server.said("url").strip_prefix("https://").expect("TLS");
    let output = Command::new("openssl")
        .args(["s_client", "-connect", address])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("openssl is there");
    let text = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    (output.status.success(), text)
}

#[test]
fn tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let folder = tempfile::tempdir().expect("a directory");
    let certificate = Certificate::make(folder.path(), "first");
    let server = start(folder.path(), &certificate);
    let url = server.said("url");
    assert!(url.starts_with("https://") && server.said("sign_in_url").starts_with("https://"), "{}", server.ready);
    for version in ["1.2", "1.3"] {
        let only = [format!("--tlsv{version}"), "--tls-max".to_owned(), version.to_owned(), format!("{url}/ready")];
        let output = curl(&certificate.certificate, &only.each_ref().map(String::as_str));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("\"ok\""), "TLS {version}: {text} {}", String::from_utf8_lossy(&output.stderr));
    }
    let (done, text) = handshake(&server, &["-tls1_3"]);
    assert!(done && text.contains("TLSv1.3"), "{text}");
    for old in ["-tls1", "-tls1_1"] {
        let (done, text) = handshake(&server, &[old, "-cipher", "ALL:@SECLEVEL=0"]);
        assert!(!done, "{old}: {text}");
    }
    let untrusted = Command::new("curl").args(["-sS", url]).output().expect("curl");
    assert!(!untrusted.status.success(), "only who trusts the certificate is content");
    let plain = curl(&certificate.certificate, &[&url.replace("https://", "http://")]);
    assert!(!plain.status.success() && plain.stdout.is_empty(), "plain HTTP gets no answer");
    // The cookie is for TLS only, as browsers have nothing else here.
    let code = crate::calls::code_of(server.said("sign_in_url"));
    let body = format!("{{\"code\":\"{code}\"}}");
    let session = curl(&certificate.certificate, &["-i", "-d", &body, &format!("{url}/console/session")]);
    assert!(
        String::from_utf8_lossy(&session.stdout).contains("; Secure"),
        "{}",
        String::from_utf8_lossy(&session.stdout)
    );
    assert!(server.stop().0.success());
}

#[test]
fn a_new_certificate_is_served_without_a_connection_being_lost() {
    let folder = tempfile::tempdir().expect("a directory");
    let first = Certificate::make(folder.path(), "first");
    let second = Certificate::make(folder.path(), "second");
    let server = start(folder.path(), &first);
    let serves = |name: &str| {
        handshake(&server, &[]).1.contains(&format!("CN={name}"))
            || handshake(&server, &[]).1.contains(&format!("CN = {name}"))
    };
    assert!(serves("first"));
    // A connection that was there before and asks on it after.
    let url = server.said("url");
    let mut kept = Command::new("curl")
        .args(["-sS", "-v", "--rate", "15/m", "--cacert"])
        .arg(&first.certificate)
        .args([format!("{url}/health"), format!("{url}/ready")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("curl");
    std::thread::sleep(Duration::from_millis(1500));
    // Half a replacement does not fit, and is not taken.
    fs::copy(&second.certificate, &first.certificate).expect("copied");
    server.signal("HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert!(serves("first"), "a certificate without its key is not served");
    fs::copy(&second.key, &first.key).expect("copied");
    server.signal("HUP");
    let asked = Instant::now();
    while !serves("second") {
        assert!(asked.elapsed() < Duration::from_secs(10), "the new certificate is not served");
    }
    assert!(kept.wait().expect("ends").success());
    let told = kept.wait_with_output().expect("read");
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("Re-using existing"), "{told}");
    let (status, logs) = server.stop();
    assert!(status.success() && logs.contains("does not belong to"), "{logs}");
}

#[test]
fn a_new_certificate_is_noticed_without_a_signal() {
    let folder = tempfile::tempdir().expect("a directory");
    let first = Certificate::make(folder.path(), "first");
    let second = Certificate::make(folder.path(), "second");
    let server = start(folder.path(), &first);
    fs::copy(&second.certificate, &first.certificate).expect("copied");
    fs::copy(&second.key, &first.key).expect("copied");
    let asked = Instant::now();
    while !curl(&second.certificate, &[&format!("{}/health", server.said("url"))]).status.success() {
        assert!(asked.elapsed() < Duration::from_secs(20), "the new certificate is not noticed");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn files_that_do_not_fit_are_told_apart_at_the_start() {
    let folder = tempfile::tempdir().expect("a directory");
    let (first, second) = (Certificate::make(folder.path(), "first"), Certificate::make(folder.path(), "second"));
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "").expect("written");
    let missing = folder.path().join("missing.pem");
    let refused = |certificate: Option<&Path>, key: Option<&Path>, part: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"));
        command.args(["--check", "--data"]).arg(folder.path().join("nowhere"));
        if let Some(path) = certificate {
            command.arg("--tls-certificate").arg(path);
        }
        if let Some(path) = key {
            command.arg("--tls-key").arg(path);
        }
        let output = command.output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(part), "no {part:?} in {text:?}");
    };
    refused(Some(&first.certificate), Some(&second.key), "does not belong to the first certificate");
    refused(Some(&empty), Some(&first.key), "empty.pem has no certificate");
    refused(Some(&first.certificate), Some(&empty), "empty.pem has no private key");
    refused(Some(&first.key), Some(&first.key), "first.key has no certificate");
    refused(Some(&missing), Some(&first.key), "missing.pem cannot be read");
    refused(Some(&first.certificate), None, "tls-certificate needs tls-key");
    refused(None, Some(&first.key), "tls-key needs tls-certificate");
}

#[test]
fn a_handshake_that_stalls_is_given_up_and_does_not_hold_up_the_stop() {
    use std::{io::Read, net::TcpStream};
    let folder = tempfile::tempdir().expect("a directory");
    let certificate = Certificate::make(folder.path(), "first");
    let flags = certificate.flags();
    let data = folder.path().join("data");
    let server = Running::start_with_flags(&data, &[&flags[0], &flags[1], "--head-timeout=1"]);
    let address = server.said("url").strip_prefix("https://").expect("TLS").to_owned();
    let mut stream = TcpStream::connect(&address).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("closed by the server");
    let _stalled = TcpStream::connect(&address).expect("connects");
    let asked = Instant::now();
    assert!(server.stop().0.success());
    assert!(asked.elapsed() < Duration::from_secs(5), "waited {:?}", asked.elapsed());
}
