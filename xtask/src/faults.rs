//! Kills the key server many times, fills its disk, moves its clock, and shows it clients that misbehave.
//!
//! *Invariant:* the faults are those of the tests, only more of them; what a server acknowledged is counted by a client.

use crate::{
    apt,
    run::{Cx, on_path},
};
use anyhow::Result;

/// Installs what the tests need.
pub(crate) fn prepare(cx: &Cx) -> Result<()> {
    if on_path("faketime") { Ok(()) } else { apt::ensure(cx, &["faketime"], "key servers under another clock") }
}

/// Runs them, with so many kills, and prints what was counted.
pub(crate) fn run(cx: &Cx, kills: u32) -> Result<()> {
    prepare(cx)?;
    let test = cx.cargo().args(["test", "--package", "envelock-keyserver", "--test", "faults", "--", "--nocapture"]);
    test.env("ENVELOCK_FAULT_KILLS", kills.to_string()).run()
}
