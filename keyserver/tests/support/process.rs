//! The real server binary, started on a free loopback port and stopped again.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
};

use serde_json::Value;

/// A running server; stopped when dropped.
pub(crate) struct Running {
    child: Child,
    logs: Option<JoinHandle<String>>,
    /// What it said when it was ready.
    pub(crate) ready: Value,
}

impl Running {
    /// Starts it on a data directory and waits until it is ready.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, None)
    }

    /// Starts it with one more flag.
    pub(crate) fn start_with(data: &Path, flag: Option<&str>) -> Self {
        Self::start_with_flags(data, flag.as_slice())
    }

    /// Starts it with more flags.
    pub(crate) fn start_with_flags(data: &Path, flags: &[&str]) -> Self {
        Self::start_in(data, flags.iter().copied(), &[])
    }

    /// Starts it with more flags, in an environment with more variables.
    pub(crate) fn start_in<'a>(
        data: &Path,
        flags: impl IntoIterator<Item = &'a str>,
        variables: &[(&str, &str)],
    ) -> Self {
        Self::start_at("127.0.0.1:0", data, flags, variables)
    }

    /// As [`Running::start_in`], on this address.
    pub(crate) fn start_at<'a>(
        address: &str,
        data: &Path,
        flags: impl IntoIterator<Item = &'a str>,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"))
            .args(["--output", "json", "--listen", address, "--data"])
            .arg(data)
            .args(flags)
            .envs(variables.iter().copied())
            .env_remove("ENVELOCK_REGION")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut stderr = child.stderr.take().expect("piped");
        let logs = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("logs are text");
            text
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        Self { child, logs: Some(logs), ready }
    }

    /// One field of what it said when it was ready.
    pub(crate) fn said(&self, field: &str) -> &str {
        self.ready[field].as_str().unwrap_or_else(|| panic!("no {field} in {}", self.ready))
    }

    /// Asks it to stop, waits, and returns its status and everything it logged.
    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.signal("TERM");
        self.wait()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, and returns its status and everything it logged.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("it ends");
        let logs = self.logs.take().expect("still there").join().expect("read");
        (status, logs)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
