//! PostgreSQL under the server, as operators have it: it stops and comes back, cuts connections, speaks TLS; it is backed up and
//! checked, and has several servers behind a balancer over it.
//!
//! Needs PostgreSQL, as `cargo xtask test --only keyserver-postgres` sets it up, and the commands `age-keygen`, `nginx` and
//! `openssl`.

#[path = "postgres/balancer.rs"]
mod balancer;
#[path = "support/certificate.rs"]
mod certificate;
#[path = "support/cluster.rs"]
mod cluster;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "support/database.rs"]
mod database;
#[path = "postgres/maintenance.rs"]
mod maintenance;
#[path = "support/message.rs"]
mod message;
#[path = "postgres/objects.rs"]
mod objects;
#[path = "postgres/outage.rs"]
mod outage;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "support/patient.rs"]
mod patient;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "support/process.rs"]
mod process;
#[path = "postgres/tls.rs"]
mod tls;

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

/// A command of the server's binary over a PostgreSQL database.
fn keyserver(command: &str, data: &Path, url: &str, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"));
    let program = program.args([command, "--data"]).arg(data).arg(format!("--database-url={url}")).args(arguments);
    program.stdin(Stdio::null()).output().expect("it runs")
}

/// What it printed, if it did its work.
#[track_caller]
fn done(output: Output) -> String {
    let told = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{}{}", told[0], told[1]);
    told[0].clone()
}
