//! Service instances, as the resource controller keeps them.
//!
//! *Invariant:* a change takes a grant, or the moment at which it is due, and the event that tells of it; both are stored or neither.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    error::Error,
    iam::{grant::Grant, service_grant::ServiceGrant},
    keys::{
        crn::InstanceId, instance::Resource, instance_policy::InstancePolicy, key::KeyId, registration::Registration,
    },
    store::{NewEvent, policies::Forgotten},
};

/// Service instances. Finding one needs no grant: what it is decides who may do what with it.
#[async_trait]
pub(crate) trait Resources: Send + Sync {
    /// The instance with this GUID, whatever its service and state.
    async fn resource(&self, id: InstanceId) -> Result<Option<Resource>, Error>;
    /// All instances of an account, oldest first, whatever their service and state.
    async fn resources(&self, account: &str) -> Result<Vec<Resource>, Error>;
    /// Adds an instance, and with it the registration of its root key and its first policies; `false` if somebody changed the
    /// key since it was read.
    async fn insert_resource(
        &self,
        grant: &ServiceGrant,
        resource: Resource,
        registration: Option<KeyRegistration>,
        policies: Vec<InstancePolicy>,
        event: NewEvent,
    ) -> Result<bool, Error>;
    /// Stores what changed about an instance if nobody else changed it since it was read; `false` if somebody did.
    async fn save_resource(&self, grant: &ServiceGrant, resource: Resource, event: NewEvent) -> Result<bool, Error>;
    /// Deletes a Key Protect instance, unless it has keys that are not deleted ([`Error::InstanceHasKeys`]).
    /// `false` if somebody changed it since it was read.
    async fn retire_keys_instance(
        &self,
        grant: &ServiceGrant,
        resource: Resource,
        event: NewEvent,
    ) -> Result<bool, Error>;
    /// Removes an instance for good with everything it holds and the policies that go with it; `None` if somebody changed it or
    /// one of those since they were read. The files answered hold nothing any more.
    async fn remove_resource(
        &self,
        removal: Removal<'_>,
        resource: Resource,
        policies: Vec<Forgotten>,
        event: NewEvent,
    ) -> Result<Option<Vec<String>>, Error>;
    /// The keys of the grant's instance that have exactly this name and are not deleted; at most two of them.
    async fn keys_named(&self, grant: &Grant, name: String) -> Result<Vec<KeyId>, Error>;
    /// Keys of a Key Protect instance at `now`, and calls from the first moment to before the second.
    async fn usage(
        &self,
        grant: &ServiceGrant,
        id: InstanceId,
        calls: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<Usage, Error>;
    /// Deleted instances that are due to be removed for good.
    async fn due_reclamations(&self, now: Timestamp) -> Result<Vec<Resource>, Error>;
}

/// What ties a root key to the instance it encrypts.
#[derive(Debug)]
pub(crate) struct KeyRegistration {
    /// The Key Protect instance of the key.
    pub(crate) instance: InstanceId,
    /// The key as it was read: nobody may have changed it since.
    pub(crate) key_revision: i64,
    /// The registration.
    pub(crate) registration: Registration,
}

/// What a Key Protect instance has and did.
#[derive(Debug)]
pub(crate) struct Usage {
    /// Root keys that are active.
    pub(crate) active_root_keys: u64,
    /// Versions of root keys that are not deleted.
    pub(crate) key_versions: u64,
    /// Requests of Key Protect's API by name of their event, also refused ones.
    pub(crate) calls: Vec<(String, u64)>,
}

/// Why an instance may be removed for good.
#[derive(Debug)]
pub(crate) enum Removal<'a> {
    /// A caller wants it.
    Granted(&'a ServiceGrant),
    /// At this moment, the time to restore it is over.
    Due(Timestamp),
}
