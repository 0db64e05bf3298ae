//! Options of how much is taken at a time, and from whom.
//!
//! *Invariant:* a limit of 0 is none; the others keep ordinary use out of it.

use clap::{Args, value_parser};

/// How much the server takes.
#[derive(Debug, Clone, Args)]
pub struct LimitOptions {
    /// Most connections at a time; more of them wait until one ends.
    #[arg(long, value_name = "COUNT", env = "ENVELOCK_MAX_CONNECTIONS", default_value_t = 4096, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
    /// Seconds that a TLS handshake may take, that a request head may take to arrive, and that a connection may be idle.
    #[arg(long, value_name = "SECONDS", env = "ENVELOCK_HEAD_TIMEOUT", default_value_t = 60, value_parser = value_parser!(u32).range(1..=3600))]
    pub head_timeout: u32,
    /// Seconds that requests under way have to finish when the server is told to stop.
    #[arg(long, value_name = "SECONDS", env = "ENVELOCK_DRAIN_TIMEOUT", default_value_t = 15, value_parser = value_parser!(u32).range(0..=3600))]
    pub drain_timeout: u32,
    /// Seconds between being told to stop and no longer accepting connections: `/ready` says no meanwhile, so that a balancer
    /// looks elsewhere.
    #[arg(long, value_name = "SECONDS", env = "ENVELOCK_DRAIN_DELAY", default_value_t = 0, value_parser = value_parser!(u32).range(0..=3600))]
    pub drain_delay: u32,
    /// Requests a second of one caller with a valid token, five times as many at once; 0 is no limit.
    #[arg(long, value_name = "COUNT", env = "ENVELOCK_RATE_LIMIT_CALLER", default_value_t = 0)]
    pub rate_limit_caller: u32,
    /// Requests a second of one source address without a valid token, five times as many at once; 0 is no limit.
    #[arg(long, value_name = "COUNT", env = "ENVELOCK_RATE_LIMIT_ADDRESS", default_value_t = 200)]
    pub rate_limit_address: u32,
    /// Requests a second of one source address for tokens and sign-ins, five times as many at once; 0 is no limit.
    #[arg(long, value_name = "COUNT", env = "ENVELOCK_RATE_LIMIT_SIGN_IN", default_value_t = 20)]
    pub rate_limit_sign_in: u32,
}
