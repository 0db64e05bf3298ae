//! `rotate-master-key`: everything sealed under a new master key.
//!
//! *Invariant:* says that nothing is under the old key only after all of it was opened under the new one.

use std::io::Write;

use envelock_keyserver::{
    config::RotateMasterKey,
    server::{SystemEntropy, maintenance},
};

use super::{Failure, installation};

/// Rotates, and says what was done.
pub(crate) async fn run(options: RotateMasterKey) -> Result<(), Failure> {
    let installation = installation(&options.kept)?;
    let done = maintenance::rotate_master_key(&installation, &SystemEntropy).await?;
    let maintenance::Resealed { moved, proved } = done;
    writeln!(
        std::io::stdout(),
        "{moved} items were put under the new master key; all {proved} open under it, and nothing is left under the old one. The old \
         key stays in the file that ends in .old: keep it as long as backups made under it"
    )?;
    Ok(())
}
