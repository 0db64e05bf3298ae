//! Measures the npm package beside other packages and the platform's own cipher.
//!
//! *Invariant:* what is measured is the packed package; the peers come as published, into a tree that nothing else uses.

use super::Options;
use crate::{browsers, conformance, pack, packaging, run::Cx, setup, tools};
use anyhow::Result;
use std::fs;

/// The groups of figures, in the order of the report.
pub(super) const FIGURES: [&str; 7] = ["size", "bulk", "small", "workers", "file", "memory", "first"];

/// Runs these groups, or those of them that the user named.
pub(super) fn run(cx: &Cx, groups: &[&str], options: &Options) -> Result<()> {
    let chosen = super::chosen(groups, &options.only)?;
    pack::build(cx, &setup::build(cx)?)?;
    browsers::ensure_chromium(cx)?;
    tools::npm_ci(cx, "tests")?;
    let made = cx.project.path("target/bench");
    fs::create_dir_all(&made)?;
    let mut report = cx
        .cmd("node")
        .arg(cx.project.path("tests/bench/main.mjs"))
        .args(chosen)
        .env("ENVELOCK_CONFORMANCE", conformance::peers(cx)?)
        .env("ENVELOCK_BENCH", made)
        .env("ENVELOCK_WORKERS", packaging::project(cx, "workers")?)
        .env("ENVELOCK_CHROMIUM", browsers::CHROMIUM);
    for place in &options.places {
        report = report.args(["--in", place]);
    }
    if options.quick {
        report = report.arg("--quick");
    }
    report.run()
}
