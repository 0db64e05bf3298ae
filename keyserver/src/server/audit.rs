//! The audit trail, verified without a server.
//!
//! *Invariant:* opens what exists and changes nothing.

use std::{fmt::Write, io::BufRead, sync::Arc};

use super::{Place, StartError};
use crate::{
    audit::{
        chain::Hash,
        checkpoint::{Checkpoint, PublicKey},
        export::Line,
        verify::{Report, text},
    },
    keys::environment::Entropy,
    service::audit::verify,
    store::Store,
};

/// How to verify.
pub struct VerifyAudit<'a> {
    /// Keys whose signatures count: fingerprints, or the keys in base64.
    pub public_keys: Vec<String>,
    /// A checkpoint that was kept elsewhere, as a line of JSON.
    pub kept: Option<String>,
    /// Told now and then how many records were read.
    pub progress: &'a mut (dyn FnMut(u64) + Send),
}

/// What came of it.
pub struct Verified {
    /// Whether nothing is wrong.
    pub intact: bool,
    /// The report for people.
    pub text: String,
    /// The report for programs.
    pub json: String,
}

/// Why a trail cannot be verified at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A key that is none.
    #[error("--public-key {0}: must be 64 hexadecimal digits, the fingerprint, or a key of 32 bytes in base64")]
    Key(String),
    /// A checkpoint that is none.
    #[error("--since-checkpoint: the file does not hold one checkpoint as a line of JSON")]
    Kept,
    /// The export cannot be read.
    #[error("the export cannot be read: {0}")]
    Export(#[from] std::io::Error),
    /// The database cannot be read.
    #[error(transparent)]
    Database(#[from] StartError),
}

impl VerifyAudit<'_> {
    fn pinned(&self) -> Result<Vec<Hash>, VerifyError> {
        let read = |text: &String| {
            let key = || PublicKey::try_from(text.clone()).map(|key| key.fingerprint());
            Hash::try_from(text.clone()).or_else(|_| key()).map_err(|_| VerifyError::Key(text.clone()))
        };
        self.public_keys.iter().map(read).collect()
    }

    fn kept(&self) -> Result<Option<Checkpoint>, VerifyError> {
        let Some(text) = self.kept.as_deref().map(str::trim) else { return Ok(None) };
        if let Some(Line::Checkpoint(checkpoint)) = Line::read(text) {
            return Ok(Some(checkpoint));
        }
        serde_json::from_str(text).map(Some).map_err(|_| VerifyError::Kept)
    }
}

/// Verifies the trail in a database, whether its server runs or not.
///
/// # Errors
/// The options, or the database.
pub async fn verify_audit(place: &Place, entropy: &dyn Entropy, how: VerifyAudit<'_>) -> Result<Verified, VerifyError> {
    let (pinned, kept) = (how.pinned()?, how.kept()?);
    let store: Arc<dyn Store> = Arc::new(place.open_existing(entropy.uuid()).await?);
    let report = verify::verify(store, &pinned, kept, how.progress).await;
    Ok(verified(&report.map_err(StartError::from)?))
}

/// Verifies an export.
///
/// # Errors
/// The options, or the reader.
pub fn verify_audit_export(export: &mut dyn BufRead, how: VerifyAudit<'_>) -> Result<Verified, VerifyError> {
    let (pinned, kept) = (how.pinned()?, how.kept()?);
    Ok(verified(&text::verify(export, &pinned, kept, how.progress)?))
}

fn verified(report: &Report) -> Verified {
    let json = serde_json::to_string(report).expect("names, numbers and texts are always JSON");
    Verified { intact: report.intact, text: tell(report), json }
}

fn tell(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        line(&mut text, format_args!("WRONG: {finding}"));
    }
    let more = report.wrong - report.findings.len() as u64;
    if more > 0 {
        line(&mut text, format_args!("WRONG: {more} more"));
    }
    let from = if report.from_start { "from the first event on" } else { "from a later checkpoint on" };
    line(&mut text, format_args!("{} records and {} checkpoints, {from}", report.records, report.checkpoints));
    match &report.last_checkpoint {
        Some(Checkpoint { statement, .. }) => {
            let (number, time) = (statement.number, statement.time);
            line(&mut text, format_args!("last checkpoint {number}, of {time}, by key {}", statement.key));
        }
        None => line(&mut text, format_args!("no checkpoint: nothing is signed")),
    }
    if report.unsigned > 0 {
        let unsigned = report.unsigned;
        line(
            &mut text,
            format_args!("{unsigned} records after it are not signed yet: how many there were is not proved"),
        );
    }
    if !report.keys_pinned {
        line(&mut text, format_args!("the key is the one that the trail names itself: pin it with --public-key"));
    }
    text += if report.intact { "intact" } else { "NOT INTACT" };
    text
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("text grows");
}
