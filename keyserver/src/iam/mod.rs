//! Who calls, and what they may do.
//!
//! *Invariant:* a [`caller::Caller`] comes from a verified token or from this very process, a [`grant::Grant`] from a policy
//! decision only.

pub(crate) mod caller;
pub(crate) mod grant;
pub(crate) mod identity;
#[cfg_attr(not(test), expect(dead_code, reason = "the ways in for browsers are built on top of it"))]
pub(crate) mod issuers;
pub(crate) mod own_service;
pub(crate) mod policy;
pub(crate) mod policy_grant;
pub(crate) mod roles;
pub(crate) mod rule;
pub(crate) mod service_grant;
pub(crate) mod service_roles;
pub(crate) mod signing;
pub(crate) mod token;
pub(crate) mod user;
