//! `verify-audit`: the audit trail, proved or refuted.
//!
//! *Invariant:* ends with 0 only if nothing at all is wrong; 1 says that it could not look, 3 that something is wrong.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use envelock_keyserver::{
    config::VerifyAudit,
    server::{self, SystemEntropy},
};

use super::{Failure, place};

/// What the command ends with when the trail is not what was written.
const BENT: u8 = 3;
/// Records between two signs of life.
const PROGRESS: u64 = 100_000;

/// Verifies, and prints what was found.
pub(crate) async fn run(options: VerifyAudit) -> Result<ExitCode, Failure> {
    let kept = options.since_checkpoint.as_deref().map(fs::read_to_string).transpose()?;
    let mut told = 0;
    let mut progress = move |records: u64| {
        if io::stderr().is_terminal() && records >= told + PROGRESS {
            told = records;
            // A terminal that is gone is no reason to stop.
            drop(writeln!(io::stderr(), "{records} records"));
        }
    };
    let how = server::VerifyAudit { public_keys: options.public_key, kept, progress: &mut progress };
    let verified = match &options.export {
        Some(file) => server::verify_audit_export(&mut open(file)?, how)?,
        None => server::verify_audit(&place(&options.data)?, &SystemEntropy, how).await?,
    };
    writeln!(io::stdout(), "{}", if options.json { verified.json } else { verified.text })?;
    Ok(if verified.intact { ExitCode::SUCCESS } else { ExitCode::from(BENT) })
}

fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    Ok(Box::new(BufReader::new(File::open(file)?)))
}
