//! Who calls, and what they may do.
//!
//! *Invariant:* a [`token::Caller`] comes from a verified token only, a [`grant::Grant`] from a policy decision only.

pub(crate) mod grant;
pub(crate) mod identity;
pub(crate) mod policy;
pub(crate) mod roles;
pub(crate) mod token;
