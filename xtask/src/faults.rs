//! Kills the key server many times, fills its disk, moves its clock, and shows it clients that misbehave.
//!
//! *Invariant:* the faults are those of the tests, only more of them; what a server acknowledged is counted by a client.

use crate::{run::Cx, setup};
use anyhow::Result;

/// Runs them, with so many kills, and prints what was counted.
pub(crate) fn run(cx: &Cx, kills: u32) -> Result<()> {
    setup::programs(cx)?;
    let test = cx.cargo().args(["test", "--package", "envelock-keyserver", "--test", "faults", "--", "--nocapture"]);
    test.env("ENVELOCK_FAULT_KILLS", kills.to_string()).run()
}
