//! Builds the release key server, starts it, and stops it.
//!
//! *Invariant:* a server started here is never left behind: dropping it stops it.

use crate::run::Cx;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, ExitStatus, Stdio},
};

/// Brings the release binary up to date. The console has to be built before, since the binary carries it.
pub(crate) fn build(cx: &Cx) -> Result<()> {
    let package = ["build", "--release", "--package", "envelock-keyserver"];
    cx.cargo().args(package).run()
}

/// What a server says when it is ready.
pub(crate) struct Ready {
    pub(crate) url: String,
    pub(crate) sign_in_url: String,
    pub(crate) account: String,
    pub(crate) instance: String,
    pub(crate) region: String,
    /// The administrator's, on the first start of a data directory only.
    pub(crate) api_key: Option<String>,
}

/// A running key server.
pub(crate) struct Server {
    child: Child,
    pub(crate) ready: Ready,
    log: PathBuf,
    /// Kept open: a server whose output is closed would fail at its next line.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it on the loopback interface and waits until it is ready. Port 0 takes a free one.
    pub(crate) fn start(cx: &Cx, data: &Path, port: u16) -> Result<Self> {
        let program = cx.project.keyserver();
        let logs = cx.project.path("target/xtask/log");
        fs::create_dir_all(&logs)?;
        let log = logs.join(format!("keyserver-{}.log", data.file_name().unwrap_or_default().display()));
        let mut command = cx
            .cmd(&program)
            .args(["--output", "json", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(data)
            .into_command();
        // Its own process group: Ctrl-C then reaches it once, from here, and not a second time from the terminal.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("the key server's output is not connected")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        match Ready::parse(&line) {
            Ok(ready) => Ok(Self { child, ready, log, _stdout: stdout }),
            Err(error) => {
                let status = stop(&mut child)?;
                let said = fs::read_to_string(&log).unwrap_or_default();
                let why = if said.trim().is_empty() { error.to_string() } else { said.trim().to_owned() };
                bail!("the key server did not start ({status}):\n{why}");
            }
        }
    }

    /// Where its log goes.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> Result<ExitStatus> {
        stop(&mut self.child)
    }

    /// Its exit status, if it has ended by itself.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The status was asked for by `stop`, or an error is on its way that says more.
        let _ = stop(&mut self.child);
    }
}

fn stop(child: &mut Child) -> Result<ExitStatus> {
    if child.try_wait()?.is_none() {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a process has a positive id")?;
        kill_process(pid, Signal::INT).context("cannot ask the key server to stop")?;
    }
    Ok(child.wait()?)
}

impl Ready {
    fn parse(line: &str) -> Result<Self> {
        if line.is_empty() {
            bail!("it ended without a word");
        }
        let fields: Value = serde_json::from_str(line).context("its first line is not JSON")?;
        let text = |name: &str| {
            fields[name].as_str().map(str::to_owned).with_context(|| format!("its first line has no {name}"))
        };
        Ok(Self {
            url: text("url")?,
            sign_in_url: text("sign_in_url")?,
            account: text("account")?,
            instance: text("instance")?,
            region: text("region")?,
            api_key: text("api_key").ok(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r##"{"event":"ready","url":"http://127.0.0.1:1","sign_in_url":"http://127.0.0.1:1/#/sign-in?code=c",
                           "account":"a","instance":"i","region":"us-south","api_key":null}"##;

    #[test]
    fn the_api_key_is_there_on_the_first_start_only() {
        assert!(Ready::parse(LINE).expect("valid").api_key.is_none());
        let first = LINE.replace("null", "\"k\"");
        assert_eq!(Ready::parse(&first).expect("valid").api_key.as_deref(), Some("k"));
    }

    #[test]
    fn a_line_that_lacks_a_field_or_is_no_json_is_refused() {
        assert!(Ready::parse(&LINE.replace("\"account\"", "\"other\"")).is_err());
        assert!(Ready::parse("listening on port 1").is_err());
        assert!(Ready::parse("").is_err());
    }
}
