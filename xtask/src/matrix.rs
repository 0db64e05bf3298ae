//! The table of which client calls which operation of the key server, as the stories really ran.
//!
//! *Invariant:* `docs/conformance.md` claims no call that no story makes, and leaves none out.

use crate::run::Cx;
use anyhow::{Context, Result, ensure};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::PathBuf,
};

const DOCUMENT: &str = "docs/conformance.md";
const HEADING: &str = "## Endpoints and clients\n";
const CLIENTS: [&str; 5] = [
    "Node ibm-key-protect",
    "Node platform-services",
    "Python keyprotect 3",
    "Python keyprotect 2",
    "Python platform-services",
];

/// Where each story leaves what it called.
fn notes(cx: &Cx) -> PathBuf {
    cx.project.cargo_target().join("tmp/matrix")
}

/// Forgets what earlier runs called.
pub(crate) fn forget(cx: &Cx) {
    // Not there is as good as empty.
    let _ = fs::remove_dir_all(notes(cx));
}

/// Compares what was called with what the document says.
pub(crate) fn check(cx: &Cx) -> Result<()> {
    let mut called: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for note in fs::read_dir(notes(cx)).context("no story has left a note of what it called")? {
        for line in fs::read_to_string(note?.path())?.lines() {
            let (operation, client) = line.split_once('\t').context("a note is not an operation and a client")?;
            called.entry(operation.to_owned()).or_default().insert(client.to_owned());
        }
    }
    let table = table(&called)?;
    let document = fs::read_to_string(cx.project.path(DOCUMENT))?;
    let (_, written) = document.split_once(HEADING).with_context(|| format!("{DOCUMENT} has no {HEADING:?}"))?;
    let right = cx.project.path("target/xtask/matrix.md");
    fs::write(&right, &table)?;
    ensure!(
        written.trim_end().ends_with(table.trim_end()),
        "{DOCUMENT} ends with another table than {}",
        right.display()
    );
    Ok(())
}

fn table(called: &BTreeMap<String, BTreeSet<String>>) -> Result<String> {
    let mut table = format!("| operation | {} |\n|---|{}\n", CLIENTS.join(" | "), ":-:|".repeat(CLIENTS.len()));
    for (operation, clients) in called {
        let marks = CLIENTS.map(|client| if clients.contains(client) { "×" } else { "" });
        writeln!(table, "| `{operation}` | {} |", marks.join(" | "))?;
    }
    Ok(table)
}
