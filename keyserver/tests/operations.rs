//! How the real binary is run: configuration, limits, TLS, what it tells its operator.

#[path = "support/calls.rs"]
mod calls;
#[path = "operations/config.rs"]
mod config;
#[path = "operations/limits.rs"]
mod limits;
#[path = "support/process.rs"]
mod process;
#[path = "operations/tls.rs"]
mod tls;
#[path = "operations/traces.rs"]
mod traces;
#[path = "operations/watching.rs"]
mod watching;
