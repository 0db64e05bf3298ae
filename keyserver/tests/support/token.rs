//! A SoftHSM token of a test's own.
//!
//! Needs the programs `softhsm2-util` and `pkcs11-tool`, of Debian's packages softhsm2 and opensc.

use std::{
    env,
    ffi::OsStr,
    fs,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use std::io::Write;

use tempfile::TempDir;

pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const LABEL: &str = "envelock test";
pub(crate) const PIN: &str = "31415926";
const OWN_PROCESS: &str = "ENVELOCK_TEST_TOKEN";

/// Where the token and the file of its PIN are.
pub(crate) struct SoftToken {
    directory: PathBuf,
    _kept: Option<TempDir>,
}

impl SoftToken {
    /// A token without keys.
    pub(crate) fn new() -> Self {
        let kept = tempfile::tempdir().expect("a directory");
        let token = Self { directory: kept.path().to_owned(), _kept: Some(kept) };
        fs::create_dir(token.directory.join("tokens")).expect("made");
        let tokens = token.directory.join("tokens");
        let configuration = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
        fs::write(token.configuration(), configuration).expect("written");
        token.initialize(LABEL);
        let mut pin = fs::OpenOptions::new();
        let mut pin = pin.write(true).create_new(true).mode(0o600).open(token.pin_file()).expect("made");
        writeln!(pin, "{PIN}").expect("written");
        token
    }

    /// One more token beside it.
    pub(crate) fn initialize(&self, label: &str) {
        let arguments = ["--init-token", "--free", "--so-pin", "87654321", "--pin", PIN, "--label", label];
        self.said(Command::new("softhsm2-util").args(arguments));
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.directory.join("softhsm2.conf")
    }

    pub(crate) fn pin_file(&self) -> PathBuf {
        self.directory.join("pin")
    }

    /// The bytes of everything that the token has stored.
    pub(crate) fn stored(&self) -> Vec<u8> {
        everything_in(&self.directory.join("tokens"))
    }

    /// Takes the token out, or puts it back.
    pub(crate) fn set_present(&self, present: bool) {
        let (here, away) = (self.directory.join("tokens"), self.directory.join("away"));
        let (from, to) = if present { (away, here) } else { (here, away) };
        fs::rename(from, to).expect("moved");
    }

    /// Root keys in the token, as another program describes them.
    pub(crate) fn root_keys(&self) -> Vec<String> {
        let listed = self.tool(["--list-objects", "--type", "secrkey"]);
        let keys = listed.split("Secret Key Object").skip(1).map(str::to_owned);
        keys.filter(|key| !key.contains("canary")).collect()
    }

    /// `pkcs11-tool`, logged in.
    pub(crate) fn tool<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        let module = ["--module", MODULE, "--token-label", LABEL, "--login", "--pin", PIN];
        self.said(Command::new("pkcs11-tool").args(module).args(arguments))
    }

    fn said(&self, command: &mut Command) -> String {
        let command = command.env("SOFTHSM2_CONF", self.configuration()).stdin(Stdio::null());
        let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not run: {error}"));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

/// All bytes of all files.
pub(crate) fn everything_in(directory: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        bytes.extend(if path.is_dir() { everything_in(&path) } else { fs::read(path).expect("a file") });
    }
    bytes
}

/// Runs the test of this name with a token of its own: in a process of its own, because the module reads once, from the
/// environment, where its tokens are.
pub(crate) fn with_token(name: &str, test: impl AsyncFnOnce(SoftToken)) {
    if let Some(directory) = env::var_os(OWN_PROCESS) {
        let token = SoftToken { directory: directory.into(), _kept: None };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        return runtime.block_on(test(token));
    }
    let token = SoftToken::new();
    let output = Command::new(env::current_exe().expect("this program"))
        .args([name, "--exact", "--nocapture"])
        .envs([(OWN_PROCESS, token.directory.as_os_str()), ("SOFTHSM2_CONF", token.configuration().as_os_str())])
        .env_remove(OsStr::new("RUST_TEST_THREADS"))
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
