//! Policies, as the store keeps them.
//!
//! *Invariant:* a write takes the proof that it was decided, and the event that tells of it; both are stored or neither.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        caller::Caller,
        policy::Policy,
        policy_grant::{PolicyGrant, PolicyView},
    },
    keys::crn::Crn,
    store::NewEvent,
};

/// What a caller holds.
#[derive(Debug)]
pub(crate) struct Held {
    /// The active policies that may count for them.
    pub(crate) policies: Arc<[Policy]>,
    /// From when on none does, whatever else changes: their API key expires.
    pub(crate) until: Option<Timestamp>,
}

/// Policies of both types, access policies and authorizations.
#[async_trait]
pub(crate) trait Policies: Send + Sync {
    /// The active policies that may count for this caller: the input of a decision, so it needs no grant.
    /// [`Error::Denied`] for a user who is disabled or gone, and where the API key that the caller's token goes back to does not
    /// count any more.
    async fn policies_for(&self, caller: &Caller, now: Timestamp) -> Result<Held, Error>;
    /// All that the view shows, deleted ones too, oldest first.
    async fn policies(&self, view: &PolicyView) -> Result<Vec<Policy>, Error>;
    /// The policy with this id, deleted or not, if the view shows it.
    async fn policy(&self, view: &PolicyView, id: Uuid) -> Result<Option<Policy>, Error>;
    /// The active policies that go with this service instance ([`Policy::goes_with`]).
    async fn bound_to(&self, instance: &Crn) -> Result<Vec<Policy>, Error>;
    /// Adds a policy; the next decision sees it. [`Error::PolicyExists`] if an active one says the same.
    async fn insert_policy(&self, grant: &PolicyGrant, policy: Policy, event: NewEvent) -> Result<(), Error>;
    /// Stores what changed about a policy if nobody else changed it since it was read as `before`; `false` if
    /// somebody did, [`Error::PolicyExists`] if another active one says the same.
    async fn save_policy(
        &self,
        grant: &PolicyGrant,
        before: &Policy,
        after: Policy,
        event: NewEvent,
    ) -> Result<bool, Error>;
}

/// A policy that ceases to count because the service instance that it goes with is removed.
#[derive(Debug)]
pub(crate) struct Forgotten {
    /// Proof that it goes.
    pub(crate) grant: PolicyGrant,
    /// As it was read.
    pub(crate) before: Policy,
    /// Deleted.
    pub(crate) after: Policy,
    /// The event that tells of it.
    pub(crate) event: NewEvent,
}
