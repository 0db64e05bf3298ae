//! Policies, as the store keeps them.
//!
//! *Invariant:* a write takes the proof that it was decided, and the event that tells of it; both are stored or neither.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        caller::Caller,
        policy::Policy,
        policy_grant::{PolicyGrant, PolicyView},
    },
    store::NewEvent,
};

/// Policies of both types, access policies and authorizations.
#[async_trait]
pub(crate) trait Policies: Send + Sync {
    /// The active policies that may count for this caller: the input of a decision, so it needs no grant.
    /// [`Error::Denied`] for a user who is disabled or gone.
    async fn policies_for(&self, caller: &Caller) -> Result<Vec<Policy>, Error>;
    /// All that the view shows, deleted ones too, oldest first.
    async fn policies(&self, view: &PolicyView) -> Result<Vec<Policy>, Error>;
    /// The policy with this id, deleted or not, if the view shows it.
    async fn policy(&self, view: &PolicyView, id: Uuid) -> Result<Option<Policy>, Error>;
    /// The active authorizations of an account that service instances made by delegation.
    async fn delegated(&self, account: &str) -> Result<Vec<Policy>, Error>;
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
