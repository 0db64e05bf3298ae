//! The audit trail: signed as it grows, shown, exported, verified.
//!
//! *Invariant:* only reads events and adds checkpoints; events come from the use-cases they tell of.

pub(crate) mod checkpoints;
pub(crate) mod events;
mod export;
mod trail;
pub(crate) mod verify;
