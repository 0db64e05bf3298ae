//! Options of `verify-audit`.
//!
//! *Invariant:* none of them is secret, and none makes the proof weaker than it is without.

use std::path::PathBuf;

use clap::Args;

use super::Data;

/// Options of `verify-audit`.
#[derive(Debug, Clone, Args)]
pub struct VerifyAudit {
    /// Where keys are kept.
    #[command(flatten)]
    pub data: Data,
    /// Verify this file, an export, and not the database; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Fingerprint of a key whose signatures count, or the key itself in base64, as the server shows them; may be repeated.
    /// Without it the key that the trail names itself counts, which whoever can replace the whole trail can replace too.
    #[arg(long, value_name = "KEY")]
    pub public_key: Vec<String>,
    /// File with a checkpoint that was kept elsewhere: its line of an export, or of `last_checkpoint` with --json. A trail whose
    /// end was cut off with its checkpoints is found by it alone.
    #[arg(long, value_name = "FILE")]
    pub since_checkpoint: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}
