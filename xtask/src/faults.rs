//! Kills the key server many times, fills its disk, moves its clock, and shows it clients that misbehave.
//!
//! *Invariant:* the faults are those of the tests, only more of them; what a server acknowledged is counted by a client.

use crate::{postgres::Postgres, run::Cx, setup};
use anyhow::Result;

/// The faults that touch the database, and so are had on PostgreSQL as well.
pub(crate) const OF_THE_DATABASE: &str = "kill::";

/// Runs them, with so many kills on SQLite and a quarter of that on PostgreSQL, and prints what was counted.
pub(crate) fn run(cx: &Cx, kills: u32) -> Result<()> {
    setup::programs(cx)?;
    let test = |kills: u32| {
        let test =
            cx.cargo().args(["test", "--package", "envelock-keyserver", "--test", "faults", "--", "--nocapture"]);
        test.env("ENVELOCK_FAULT_KILLS", kills.to_string())
    };
    test(kills).run()?;
    let server = Postgres::start(cx)?;
    test(kills / 4).arg(OF_THE_DATABASE).env("ENVELOCK_TEST_POSTGRES", server.url()).run()
}
