//! The door for services that this process serves itself: they act on keys without a token.
//!
//! *Invariant:* the layer rules name the few modules that may come through here, and those hand in an instance they read from
//! the store; a CRN that arrived in a request never becomes a caller this way.

use crate::{iam::caller::Caller, keys::crn::Crn};

/// The service instance of this name and resource group as a caller. What it may do is decided by authorizations, on every call, as for one that
/// came with a token.
pub(crate) fn caller(instance: Crn, resource_group: Option<String>) -> Caller {
    Caller::of_instance(instance, resource_group)
}
