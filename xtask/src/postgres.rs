//! A PostgreSQL server for one test run: its own data, its own port, gone afterwards.
//!
//! *Invariant:* a server started here is never left behind, and no other server of the machine is touched.

use crate::{apt, run::Cmd, run::Cx};
use anyhow::{Context, Result};
use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

/// Debian's package; it depends on the version that Debian has.
const PACKAGE: &str = "postgresql";
/// Where Debian keeps a folder for each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The operating system's user that the package makes; PostgreSQL does not run as root.
const USER: &str = "postgres";
/// Tests do not outlive a crash of the machine, so nothing waits for its disks.
const SETTINGS: &str = "-c fsync=off -c full_page_writes=off -c synchronous_commit=on -c max_connections=300";

/// Installs PostgreSQL where it is missing.
pub(crate) fn ensure(cx: &Cx) -> Result<()> {
    if programs().is_err() {
        apt::ensure(cx, &[PACKAGE], "the tests of the key server on PostgreSQL")?;
    }
    programs().map(drop)
}

/// A running server that trusts whoever connects from this machine.
pub(crate) struct Postgres<'a> {
    cx: &'a Cx,
    folder: PathBuf,
    port: u16,
}

impl<'a> Postgres<'a> {
    /// Makes a database in a temporary folder and starts a server on it.
    pub(crate) fn start(cx: &'a Cx) -> Result<Self> {
        ensure(cx)?;
        let folder = PathBuf::from(as_user(cx, Path::new("mktemp")).arg("--directory").output_text()?.trim());
        // Free a moment ago; whoever takes it first makes the start fail, by name.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let server = Self { cx, folder, port };
        let folder = server.folder.as_os_str();
        let initdb = as_user(cx, &programs()?.join("initdb")).arg("--pgdata").arg(folder);
        initdb.args(["--auth=trust", "--username", USER, "--encoding=UTF8", "--no-sync"]).output_text()?;
        let log = server.folder.join("log");
        let socket = format!("-c unix_socket_directories={}", server.folder.display());
        let options = format!("-p {port} -c listen_addresses=127.0.0.1 {socket} {SETTINGS}");
        let started = server.control()?.arg("--log").arg(&log).args(["--wait", "--options", &options, "start"]);
        started.output_text().with_context(|| fs::read_to_string(log).unwrap_or_default())?;
        Ok(server)
    }

    /// The URL of a database, and of a user who may do everything in it.
    pub(crate) fn url(&self) -> String {
        format!("postgresql://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    fn control(&self) -> Result<Cmd<'a>> {
        Ok(as_user(self.cx, &programs()?.join("pg_ctl")).arg("--pgdata").arg(&self.folder))
    }
}

impl Drop for Postgres<'_> {
    fn drop(&mut self) {
        let stop = self.control().and_then(|control| control.args(["--mode=immediate", "stop"]).output_text());
        let gone = as_user(self.cx, Path::new("rm")).args(["--recursive", "--force"]).arg(&self.folder).output_text();
        for error in [stop.err(), gone.err()].into_iter().flatten() {
            self.cx.say(format!("{} is left behind: {error}", self.folder.display()));
        }
    }
}

/// The folder of its programs.
pub(crate) fn programs() -> Result<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir(VERSIONS)
        .with_context(|| format!("there is no {VERSIONS}"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path().join("bin")))
        .filter(|programs| programs.join("initdb").is_file())
        .collect();
    versions.sort();
    versions.pop().with_context(|| format!("no PostgreSQL server in {VERSIONS}"))
}

fn as_user<'a>(cx: &'a Cx, program: &Path) -> Cmd<'a> {
    let command = if rustix::process::geteuid().is_root() {
        cx.cmd("runuser").args(["--user", USER, "--"]).arg(program)
    } else {
        cx.cmd(program)
    };
    // A folder that the user may not be in would be complained about.
    command.dir("/")
}
