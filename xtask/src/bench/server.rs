//! Measures the release key server beside what limits it.
//!
//! *Invariant:* every figure stands beside a limit or peer that ran in turns with it, on the same disk and cores.

use super::Options;
use crate::{apt, demo, run::Cx};
use anyhow::Result;
use std::fs;

/// The groups of figures, in the order of the report.
const FIGURES: [&str; 4] = ["cached", "first", "commits", "growth"];

/// Builds what ships and the bare server, and runs the comparison.
pub(super) fn run(cx: &Cx, options: &Options) -> Result<()> {
    let chosen = super::chosen(&FIGURES, &options.only)?;
    apt::ensure_programs(cx, &[("wrk", "wrk")], "sending requests faster than a server answers them")?;
    demo::build(cx)?;
    cx.cargo().args(["build", "--release", "--package", "envelock-bare"]).run()?;
    let folder = cx.project.path("target/xtask/bench-server");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut report = cx
        .cmd("node")
        .arg(cx.project.path("tests/bench/server.mjs"))
        .args(chosen)
        .env("ENVELOCK_KEYSERVER", cx.project.keyserver())
        .env("ENVELOCK_BARE", cx.project.cargo_target().join("release/envelock-bare"))
        .env("ENVELOCK_BENCH", &folder);
    if options.quick {
        report = report.arg("--quick");
    }
    if options.full {
        report = report.arg("--full");
    }
    report.run()
}
