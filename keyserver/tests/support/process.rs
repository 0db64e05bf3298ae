//! The real server binary, started on a free loopback port and stopped again.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
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
        let mut child = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"))
            .args(["--output", "json", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(flag)
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
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(asked.success());
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

/// One request over a connection of its own: status, head, and the body if it is JSON.
pub(crate) fn send(
    server: &Running,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String, Value) {
    let address = server.said("url").strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(address).expect("connects");
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}");
    // In one piece: a server that refuses a large head closes while the rest would still be on its way.
    stream.write_all(format!("{head}\r\n{headers}\r\n{body}").as_bytes()).expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
}

/// API key → access token.
pub(crate) fn token(server: &Running, api_key: &str) -> String {
    let form = format!("grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey={api_key}");
    let (status, _, body) = send(server, "POST", "/identity/token", &[], &form);
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().expect("a token").to_owned()
}

/// The code of a sign-in link.
pub(crate) fn code_of(url: &str) -> String {
    url.trim().split_once("/#/sign-in?code=").expect("a sign-in link").1.to_owned()
}
