//! `probe`: asks a running server whether it is ready, for containers that have no other program.
//!
//! *Invariant:* ends in time, whatever the server does.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use envelock_keyserver::config::Probe;

use super::Failure;

const TIMEOUT: Duration = Duration::from_secs(2);
/// The first line of the answer is enough.
const ANSWER_BYTES: u64 = 256;

/// Succeeds if the server says that it is ready.
pub(crate) fn run(options: &Probe) -> Result<(), Failure> {
    let address =
        options.metrics_listen.ok_or("a probe asks at --metrics-listen: give the server and the probe this address")?;
    let line = ask(address).map_err(|error| format!("nothing answers at {address}: {error}"))?;
    if line.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err("the server is not ready".into()) }
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES).read_to_string(&mut answer)?;
    Ok(answer)
}
