//! `fsck`: whether the installation is sound.
//!
//! *Invariant:* ends with 0 only if everything was looked at and nothing was found, with 3 if something was found, and with 1 if it
//! could not be looked at.

use std::{io::Write, process::ExitCode, sync::Arc};

use envelock_keyserver::{
    config::Fsck,
    server::{SystemClock, SystemEntropy, maintenance},
};

use super::{Failure, installation, parts};

/// 2 is how a command line that was not understood ends.
const FOUND: u8 = 3;

/// Looks, and prints what was found.
pub(crate) async fn run(options: Fsck) -> Result<ExitCode, Failure> {
    let installation = installation(&options.kept)?;
    let progress = |text: &str| drop(writeln!(std::io::stderr(), "{text} …"));
    let report = maintenance::check(
        &installation,
        &parts::custody(&options.custody)?,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        &progress,
    )
    .await?;
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        for finding in &report.findings {
            writeln!(out, "{finding}")?;
        }
        writeln!(
            out,
            "{} rows, {} key versions, {} objects, {} events: {}",
            report.rows,
            report.versions,
            report.objects,
            report.events,
            if report.findings.is_empty() { "sound".to_owned() } else { format!("{} findings", report.findings.len()) }
        )?;
    }
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}
