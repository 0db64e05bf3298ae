//! A PostgreSQL server of a test's own, to be stopped, cut off and started again.
//!
//! `ENVELOCK_TEST_POSTGRES_PROGRAMS` names the folder of its programs; `cargo xtask test --only keyserver-postgres` sets it.

use std::{
    fs,
    io::{Read, Seek, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The operating system's user that it runs as where the tests are root's, and its own user.
const USER: &str = "postgres";

/// A server; gone when dropped.
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes and starts one that lets in whoever comes from this machine.
    pub(crate) fn start() -> Self {
        let cluster = Self::make();
        cluster.resume();
        cluster
    }

    /// Makes and starts one that speaks TLS only, with this certificate and key in PEM.
    pub(crate) fn start_with_tls(certificate: &Path, key: &Path) -> Self {
        let cluster = Self::make();
        cluster.write("server.crt", &fs::read(certificate).expect("a certificate"));
        cluster.write("server.key", &fs::read(key).expect("a key"));
        cluster.write("pg_hba.conf", b"hostssl all all 127.0.0.1/32 trust\n");
        cluster.write("postgresql.auto.conf", b"ssl = on\n");
        cluster.resume();
        cluster
    }

    fn make() -> Self {
        let programs = std::env::var_os("ENVELOCK_TEST_POSTGRES_PROGRAMS");
        let programs =
            programs.expect("ENVELOCK_TEST_POSTGRES_PROGRAMS; `cargo xtask test --only keyserver-postgres` sets it");
        let folder = said(as_user(Path::new("mktemp")).arg("--directory"));
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let cluster = Self { programs: programs.into(), folder: folder.trim().into(), port };
        let mut initdb = as_user(&cluster.programs.join("initdb"));
        initdb.arg("--pgdata").arg(&cluster.folder).args(["--auth=trust", "--username", USER, "--no-sync"]);
        said(&mut initdb);
        cluster
    }

    /// Ends it as a crash would: what is under way is not finished.
    pub(crate) fn stop(&self) {
        self.control(&["--mode=immediate", "stop"]);
    }

    /// Starts it again, at the same address.
    pub(crate) fn resume(&self) {
        let folder = self.folder.display();
        // Nothing here outlives a crash of the machine, so nothing waits for its disks.
        let options =
            format!("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off", self.port);
        self.control(&["--log", &format!("{folder}/log"), "--options", &options, "start"]);
    }

    /// URL of its database, with more in the query.
    pub(crate) fn url(&self, query: &str) -> String {
        format!("postgresql://{USER}@127.0.0.1:{}/postgres{query}", self.port)
    }

    fn control(&self, arguments: &[&str]) {
        said(self.pg_ctl().arg("--wait").args(arguments));
    }

    fn pg_ctl(&self) -> Command {
        let mut command = as_user(&self.programs.join("pg_ctl"));
        command.arg("--pgdata").arg(&self.folder);
        command
    }

    /// A file in its folder, for itself alone.
    fn write(&self, name: &str, content: &[u8]) {
        let command = "umask 077; cat > \"$1\"";
        let mut shell = as_user(Path::new("sh"));
        let mut shell = shell.args(["-c", command, "sh"]).arg(self.folder.join(name)).stdin(Stdio::piped()).spawn();
        let shell = shell.as_mut().expect("a shell");
        shell.stdin.take().expect("piped").write_all(content).expect("written");
        assert!(shell.wait().expect("it ends").success());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.pg_ctl().args(["--mode=immediate", "stop"]).output());
        drop(as_user(Path::new("rm")).args(["--recursive", "--force"]).arg(&self.folder).status());
    }
}

/// PostgreSQL does not run as root.
fn as_user(program: &Path) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("runuser");
        command.args(["--user", USER, "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // A folder that the user may not be in would be complained about.
    command.current_dir("/");
    command
}

fn said(command: &mut Command) -> String {
    // To a file: a pipe would be held open by the server that a command leaves behind.
    let mut output = tempfile::tempfile().expect("a file");
    let both = || output.try_clone().expect("a file");
    let status = command.stdin(Stdio::null()).stdout(both()).stderr(both()).status().expect("it runs");
    let mut text = String::new();
    output.rewind().and_then(|()| output.read_to_string(&mut text)).expect("text");
    assert!(status.success(), "{command:?}: {text}");
    text
}
