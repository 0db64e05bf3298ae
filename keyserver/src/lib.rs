//! The Envelock key server: root keys, who may use them, and a record of every use, behind the Key Protect v2 API.
//!
//! ```text
//! main → lib → routes → service → { store, crypto } → audit → iam → readiness → { keys, limits } → { cache, error, metrics, spans }
//! ```
//!
//! A request is extracted in `routes`, decided and carried out in `service` (which asks `iam` for a grant and shows it to the
//! `store`), recorded by `audit`, and answered by `routes::reply` from the audited outcome.
//! *Invariant:* nothing here reads a clock, random bytes or the environment by itself; `main` hands them in.

mod audit;
mod cache;
pub mod config;
mod crypto;
mod error;
mod iam;
mod keys;
mod limits;
mod maintenance;
mod metrics;
mod readiness;
mod routes;
pub mod server;
mod service;
mod spans;
mod state;
mod store;
