//! Use-cases: a call comes in, a grant is asked for, an audited outcome goes out.
//!
//! *Invariant:* knows no HTTP, no SQL and no cipher; every public use-case returns [`crate::audit::Audited`].

pub(crate) mod actions;
mod admission;
mod adoption;
pub(crate) mod aliases;
mod apart;
pub(crate) mod api_keys;
pub(crate) mod audit;
pub(crate) mod call;
pub(crate) mod chores;
pub(crate) mod console;
pub(crate) mod iam_policies;
pub(crate) mod identities;
pub(crate) mod identity_lists;
pub(crate) mod import;
pub(crate) mod instance_policies;
pub(crate) mod keys;
pub(crate) mod lifecycle;
pub(crate) mod limits;
pub(crate) mod lists;
mod material;
pub(crate) mod objects;
pub(crate) mod ordering;
pub(crate) mod policies;
pub(crate) mod reclamations;
pub(crate) mod registrations;
pub(crate) mod resources;
pub(crate) mod rings;
pub(crate) mod root_key;
pub(crate) mod signing_keys;
mod standing;
pub(crate) mod start;
mod through;
pub(crate) mod tokens;
pub(crate) mod usage;
pub(crate) mod users;
