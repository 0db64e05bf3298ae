//! `backup`: one state of the installation, encrypted, in one file.
//!
//! *Invariant:* says what is not in the backup, as that must be kept as well.

use std::io::Write;

use envelock_keyserver::{
    config::Backup,
    server::{
        SystemClock,
        maintenance::{self, BackupOptions, Lock},
    },
};

use super::{Failure, installation};

/// Makes the backup and says what it holds.
pub(crate) async fn run(options: Backup) -> Result<(), Failure> {
    let installation = installation(&options.kept)?;
    let lock = Lock::choose(&options.recipient, options.passphrase_file.as_deref())?;
    let chosen = BackupOptions {
        output: options.output.clone(),
        lock,
        objects: !options.without_objects,
        master_key: options.include_master_key,
    };
    let report = maintenance::backup(&installation, chosen, &SystemClock).await?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: {} bytes, {} rows, {} objects",
        options.output.display(),
        report.bytes,
        report.rows,
        report.objects
    )?;
    if options.without_objects {
        writeln!(
            out,
            "Not in it: the folder `objects` of the data directory. Copy it now, after this command, and keep both."
        )?;
    }
    if !options.include_master_key {
        writeln!(out, "Not in it: the master key, without which no key in it opens. Keep a copy of it elsewhere.")?;
    }
    Ok(())
}
