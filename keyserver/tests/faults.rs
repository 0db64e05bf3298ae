//! What goes wrong outside the server: it is killed, the disk fills up, the clock jumps, clients misbehave. Counted, and nothing
//! that was acknowledged is lost.
//!
//! `ENVELOCK_FAULT_KILLS` says how often it is killed (10); `cargo xtask faults` does it 200 times. Needs the
//! Debian package faketime, and root for a small disk of its own.

#[path = "faults/clock.rs"]
mod clock;
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
