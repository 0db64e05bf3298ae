//! Builds, tests and runs Envelock.
fn main() {}
