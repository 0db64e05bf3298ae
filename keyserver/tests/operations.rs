//! How the real binary is run: configuration, limits, TLS, what it tells its operator.

#[path = "operations/config.rs"]
mod config;
