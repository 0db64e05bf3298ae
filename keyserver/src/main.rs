//! The Envelock key server: reads the configuration and dispatches.
//!
//! *Invariant:* stdout carries what the operator asked for, once; logs go to stderr and hold no secret.

mod commands;

use std::{io::Write, process::ExitCode};

use clap::Parser;
use envelock_keyserver::config::{Command, Config};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    let done = match config.command {
        None => commands::serve::run(config.serve).await,
        Some(Command::Serve(options)) => commands::serve::run(options).await,
        Some(Command::SignInLink(options)) => commands::sign_in_link::run(options).await,
        Some(Command::RotateSigningKey(options)) => commands::rotate_signing_key::run(options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The logs may not be set up yet, and this is for whoever started the server.
            drop(writeln!(std::io::stderr(), "envelock-keyserver: {error}"));
            ExitCode::FAILURE
        }
    }
}
