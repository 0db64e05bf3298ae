//! The Envelock key server: reads the configuration and dispatches.
//!
//! *Invariant:* stdout carries what the operator asked for, once; logs go to stderr and hold no secret.

mod commands;

use std::{io::Write, process::ExitCode};

use envelock_keyserver::{
    config::{Command, Config, Read, Unreadable},
    server::without_core_dumps,
};

#[tokio::main]
async fn main() -> ExitCode {
    if let Err(error) = without_core_dumps() {
        return failed(&format!("core dumps cannot be prevented: {error}"), ExitCode::FAILURE);
    }
    let Read { config, origins } = match Config::read(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(read) => read,
        Err(Unreadable::Flags(error)) => error.exit(),
        Err(Unreadable::Other(error)) => return failed(&error, ExitCode::from(USAGE)),
    };
    let done = match config.command.unwrap_or(Command::Serve(config.serve)) {
        Command::Serve(options) if options.check => commands::check::run(&options, &origins).await,
        Command::Serve(options) => commands::serve::run(*options).await,
        Command::Probe(options) => commands::probe::run(&options),
        Command::SignInLink(options) => commands::sign_in_link::run(options).await,
        Command::RotateSigningKey(options) => commands::rotate_signing_key::run(options).await,
        Command::Backup(options) => commands::backup::run(options).await,
        Command::Restore(options) => commands::restore::run(options).await,
        Command::RotateMasterKey(options) => commands::rotate_master_key::run(options).await,
        Command::Fsck(options) => return ended(commands::fsck::run(options).await),
        Command::VerifyAudit(options) => return ended(commands::verify_audit::run(options).await),
    };
    ended(done.map(|()| ExitCode::SUCCESS))
}

fn ended(done: Result<ExitCode, commands::Failure>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(error) => failed(&*error, ExitCode::FAILURE),
    }
}

/// How a command ends that was not understood; clap ends so as well.
const USAGE: u8 = 2;

/// The logs may not be set up yet, and this is for whoever started the server.
fn failed(error: &dyn std::fmt::Display, code: ExitCode) -> ExitCode {
    drop(writeln!(std::io::stderr(), "envelock-keyserver: {error}"));
    code
}
