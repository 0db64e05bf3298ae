//! The model: keys, their versions, names and life cycle.
//!
//! *Invariant:* does no I/O and reads no clock; the present moment and random bytes are arguments.

pub(crate) mod aad;
pub(crate) mod alias;
pub(crate) mod catalogue;
pub(crate) mod crn;
pub(crate) mod environment;
pub(crate) mod import_token;
pub(crate) mod instance;
pub(crate) mod instance_policy;
pub(crate) mod key;
pub(crate) mod lifecycle;
pub(crate) mod listing;
pub(crate) mod material;
pub(crate) mod network;
pub(crate) mod object;
pub(crate) mod policy;
pub(crate) mod registration;
pub(crate) mod resource;
pub(crate) mod ring;
pub(crate) mod sealed;
pub(crate) mod version;
