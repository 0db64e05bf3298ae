//! Whether an installation is sound: rows against one another, material against its custody, objects against their rows.
//!
//! *Invariant:* changes nothing, also with a server running on the same database; what is found is named by table and id, and nothing
//! secret is.

mod files;
mod material;
mod rows;

use std::{fmt, sync::Arc};

use serde::Serialize;

use self::rows::Rows;
use super::{backup::Places, failure::MaintenanceError};
use crate::{
    audit::verify::Report,
    crypto::{custody::Custodies, seal::Sealer},
    keys::environment::Entropy,
    store::copy::{Copies, Sink},
};

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable name of the kind.
    pub code: &'static str,
    /// What it is about: a table and an id, or a file.
    pub what: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.what, self.why)
    }
}

/// What was looked at, and what was found.
#[derive(Debug, Default, Serialize)]
pub struct CheckReport {
    /// Rows of all tables.
    pub rows: u64,
    /// Versions of keys whose material was tried.
    pub versions: u64,
    /// Stored objects whose bytes were read.
    pub objects: u64,
    /// Audit events.
    pub events: u64,
    /// What is not sound; nothing if all is.
    pub findings: Vec<Finding>,
}

impl CheckReport {
    /// Says what is wrong with the audit trail.
    pub(crate) fn trail(&mut self, trail: &Report) {
        for finding in &trail.findings {
            self.find("AUDIT_TRAIL", "events", finding.to_string());
        }
        let more = trail.wrong - trail.findings.len() as u64;
        if more > 0 {
            self.find("AUDIT_TRAIL", "events", format!("{more} more; verify-audit tells of the trail alone"));
        }
    }

    fn find(&mut self, code: &'static str, what: impl Into<String>, why: impl Into<String>) {
        self.findings.push(Finding { code, what: what.into(), why: why.into() });
    }
}

/// What material is tried with.
pub(crate) struct Tools<'a> {
    /// Where material is.
    pub(crate) custody: &'a Custodies,
    /// Opens what is sealed under the master key.
    pub(crate) sealer: &'a Sealer,
    /// Draws data keys to try.
    pub(crate) entropy: &'a dyn Entropy,
}

/// Looks at everything; `progress` is told what comes next.
pub(crate) async fn check(
    store: &dyn Copies,
    places: &Places,
    tools: &Tools<'_>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<CheckReport, MaintenanceError> {
    let mut report = CheckReport::default();
    progress("reading rows");
    let rows = read(store).await?;
    rows.count(&mut report);
    rows.check(&mut report);
    progress(&format!("trying {} key versions", rows.versions.len()));
    material::check(&rows, tools, &mut report).await;
    progress(&format!("reading {} objects", rows.objects.len()));
    let suspects = files::compare(&rows, &places.objects, &mut report)?;
    if !suspects.is_empty() {
        // What was stored or removed meanwhile is no fault.
        files::confirm(&read(store).await?, suspects, &places.objects, &mut report);
    }
    Ok(report)
}

async fn read(store: &dyn Copies) -> Result<Rows, MaintenanceError> {
    let collected = Arc::new(rows::Collector::default());
    store.copy_out(Arc::clone(&collected) as Arc<dyn Sink>).await?;
    Ok(collected.take())
}
