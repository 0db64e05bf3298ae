//! `restore`: a backup put into an empty data directory.
//!
//! *Invariant:* says what is still missing before a server can start on it.

use std::io::Write;

use envelock_keyserver::{
    config::Restore,
    server::maintenance::{self, Opener},
};

use super::{Failure, installation};

/// Restores and says what came of it.
pub(crate) async fn run(options: Restore) -> Result<(), Failure> {
    let installation = installation(&options.kept)?;
    let opener = Opener::choose(options.identity.as_deref(), options.passphrase_file.as_deref())?;
    let report = maintenance::restore(&installation, &options.input, opener).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "restored the state of {}: {} rows, {} objects", report.made, report.rows, report.objects)?;
    if !report.has_objects {
        writeln!(out, "Not in the backup: the folder `objects`. Copy it into the data directory.")?;
    }
    if !report.master_key {
        writeln!(out, "Not in the backup: the master key. Put its file in place before the server starts.")?;
    }
    writeln!(out, "Then look whether all is sound: envelock-keyserver fsck")?;
    Ok(())
}
