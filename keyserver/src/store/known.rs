//! What wrapping and unwrapping ask the store for, remembered until something changes.
//!
//! Any change to the database makes all of it worthless: which changes matter to what is a question that nobody has to answer right.
//! A change of this process counts at once, one of another process within [`NOTICED`](super::db::NOTICED). In a database that does
//! not say when another process changed something, which is PostgreSQL, nothing is remembered from one request to the next.
//! *Invariant:* what is remembered was read after the change that was counted last, and only what was found is remembered.

use std::{hash::Hash, sync::Arc};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    cache::Cache,
    error::Error,
    iam::{caller::Caller, grant::Grant, policy::Policy, roles::Action},
    keys::{
        alias::KeyRef,
        crn::{Instance, InstanceId},
        instance::Resource,
        instance_policy::InstancePolicies,
        key::Key,
        ring::RingId,
        version::SealedVersion,
    },
    store::{Store, policies::Held},
};

/// About 2 KiB each.
const MOST_KEYS: usize = 32_768;
/// Those who use them; about 1 KiB each.
const MOST_CALLERS: usize = 16_384;
/// About 300 bytes each, in three lists.
const MOST_INSTANCES: usize = 16_384;

/// A key and its versions, newest first.
pub(crate) struct KnownKey {
    /// The key.
    pub(crate) key: Key,
    /// All its versions.
    pub(crate) versions: Vec<SealedVersion>,
}

/// The store, for reading what every use of a key needs.
pub(crate) struct Known {
    store: Arc<dyn Store>,
    instances: Cache<InstanceId, Arc<Instance>>,
    resources: Cache<InstanceId, Arc<Resource>>,
    instance_policies: Cache<InstanceId, Arc<InstancePolicies>>,
    held: Cache<(String, Option<Uuid>), Arc<Held>>,
    keys: Cache<(InstanceId, KeyRef), Arc<KnownKey>>,
}

impl Known {
    /// Remembers nothing yet.
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            instances: Cache::new(MOST_INSTANCES),
            resources: Cache::new(MOST_INSTANCES),
            instance_policies: Cache::new(MOST_INSTANCES),
            held: Cache::new(MOST_CALLERS),
            keys: Cache::new(MOST_KEYS),
        }
    }

    /// As [`Installations::instance`](super::Installations::instance).
    pub(crate) async fn instance(&self, id: InstanceId) -> Result<Option<Arc<Instance>>, Error> {
        self.recall(&self.instances, id, self.store.instance(id)).await
    }

    /// As [`Resources::resource`](super::Resources::resource).
    pub(crate) async fn resource(&self, id: InstanceId) -> Result<Option<Arc<Resource>>, Error> {
        self.recall(&self.resources, id, self.store.resource(id)).await
    }

    /// As [`InstancePolicies::instance_policies`](super::InstancePolicies::instance_policies).
    pub(crate) async fn instance_policies(&self, id: InstanceId) -> Result<Arc<InstancePolicies>, Error> {
        let read = async { self.store.instance_policies(id).await.map(Some) };
        let found = self.recall(&self.instance_policies, id, read).await?;
        found.ok_or(Error::Corrupt("policies of an instance"))
    }

    /// As [`Policies::policies_for`](super::policies::Policies::policies_for).
    pub(crate) async fn policies_for(&self, caller: &Caller, now: Timestamp) -> Result<Arc<[Policy]>, Error> {
        let who = (caller.iam_id().to_owned(), caller.api_key());
        let read = async { self.store.policies_for(caller, now).await.map(Some) };
        let held = self.recall(&self.held, who, read).await?.ok_or(Error::Denied)?;
        // An API key expires without a change.
        if held.until.is_some_and(|until| until <= now) { Err(Error::Denied) } else { Ok(Arc::clone(&held.policies)) }
    }

    /// As [`Keys::key`](super::Keys::key) and [`Keys::versions`](super::Keys::versions).
    pub(crate) async fn key(
        &self,
        grant: &Grant,
        name: &KeyRef,
        ring: Option<&RingId>,
    ) -> Result<Option<Arc<KnownKey>>, Error> {
        grant.demand(Action::concerns_keys)?;
        let read = async {
            let Some(key) = self.store.key(grant, name, None).await? else { return Ok(None) };
            let versions = self.store.versions(grant, key.id).await?;
            Ok(Some(KnownKey { key, versions }))
        };
        let found = self.recall(&self.keys, (grant.instance(), name.clone()), read).await?;
        // It may have been read for somebody else.
        Ok(found.filter(|found| {
            let key = &found.key;
            ring.is_none_or(|ring| key.ring == ring.as_str()) && grant.covers(key.id, &key.ring)
        }))
    }

    async fn recall<K: Eq + Hash + Clone, V>(
        &self,
        cache: &Cache<K, Arc<V>>,
        name: K,
        read: impl Future<Output = Result<Option<V>, Error>>,
    ) -> Result<Option<Arc<V>>, Error> {
        let Some(epoch) = self.store.changes().epoch() else { return Ok(read.await?.map(Arc::new)) };
        if let Some(known) = cache.get(epoch, &name) {
            return Ok(Some(known));
        }
        let Some(found) = read.await?.map(Arc::new) else { return Ok(None) };
        cache.put(epoch, name, Arc::clone(&found));
        Ok(Some(found))
    }
}
