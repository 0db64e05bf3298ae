//! Kills the key server many times, fills its disk, moves its clock, and shows it clients that misbehave.
//!
//! *Invariant:* the faults are those of the tests, only more of them; what a server acknowledged is counted by a client.

use crate::{
    postgres::{self, Postgres},
    run::Cx,
    setup,
};
use anyhow::Result;

/// The faults of one test that are had on PostgreSQL as well.
pub(crate) const OF_THE_DATABASE: &str = "kill::";

/// Runs them, with so many kills on SQLite and a quarter of that on PostgreSQL, and prints what was counted.
pub(crate) fn run(cx: &Cx, kills: u32) -> Result<()> {
    setup::programs(cx)?;
    let test = |kills: u32| {
        let test = cx.cargo().env("ENVELOCK_FAULT_KILLS", kills.to_string());
        test.args(["test", "--package", "envelock-keyserver", "--test", "faults"])
    };
    test(kills).args(["--", "--nocapture"]).run()?;
    let server = Postgres::start(cx)?;
    let test =
        test(kills / 4).args(["--test", "postgres", "--", "--nocapture", OF_THE_DATABASE, "outage::", "balancer::"]);
    let test = test.env("ENVELOCK_TEST_POSTGRES_PROGRAMS", postgres::programs()?);
    test.env("ENVELOCK_TEST_POSTGRES", server.url()).run()
}
