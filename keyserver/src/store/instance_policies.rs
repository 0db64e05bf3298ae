//! Policies of instances.
//!
//! *Invariant:* reading them needs no grant, as they are part of what decides about a request; changing them does.

use async_trait::async_trait;

use crate::{
    error::Error,
    iam::grant::Grant,
    keys::{
        crn::InstanceId,
        instance_policy::{InstancePolicies as Policies, InstancePolicy},
    },
    store::NewEvent,
};

/// Policies of instances.
#[async_trait]
pub(crate) trait InstancePolicies: Send + Sync {
    /// All policies of an instance, by kind.
    async fn instance_policies(&self, instance: InstanceId) -> Result<Policies, Error>;
    /// Stores policies of the grant's instance, all or none; [`Error::Contended`] if somebody changed one of them since it was
    /// read.
    async fn save_instance_policies(
        &self,
        grant: &Grant,
        policies: Vec<InstancePolicy>,
        event: NewEvent,
    ) -> Result<(), Error>;
}
