//! What goes wrong outside the server: it is killed, the disk fills up, the clock jumps, clients misbehave. Counted, and nothing
//! that was acknowledged is lost.
//!
//! `ENVELOCK_FAULT_KILLS` says how often it is killed (10); `cargo xtask faults` does it 200 times on SQLite and, where
//! `ENVELOCK_TEST_POSTGRES` names a server, 50 times on that. Needs the Debian package faketime, and root for a small disk
//! of its own.

#[path = "faults/clock.rs"]
mod clock;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "support/database.rs"]
mod database;
#[path = "faults/disk.rs"]
mod disk;
#[path = "faults/hostile.rs"]
mod hostile;
#[path = "faults/kill.rs"]
mod kill;
#[path = "support/patient.rs"]
mod patient;
#[path = "support/process.rs"]
mod process;
#[path = "faults/secrets.rs"]
mod secrets;
