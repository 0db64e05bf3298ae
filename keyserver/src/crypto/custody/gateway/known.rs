//! What this process has learnt about keys of the upstream.
//!
//! *Invariant:* holds nothing that could not be asked again, and so many keys at most.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use crate::keys::key::KeyId;

/// Of more keys it would be asked again and again, which costs a call and nothing else.
const MAX_KEYS: usize = 100_000;

/// Keys of the upstream.
pub(super) struct Known(Mutex<BTreeMap<Uuid, Facts>>);

struct Facts {
    made_for: KeyId,
    versions: BTreeSet<Uuid>,
}

impl Known {
    pub(super) fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Whether the upstream's key is known to be the one of `key`.
    pub(super) fn is_of(&self, upstream: Uuid, key: KeyId) -> bool {
        self.lock().get(&upstream).is_some_and(|facts| facts.made_for == key)
    }

    /// The upstream's key is the one of `key`.
    pub(super) fn key(&self, upstream: Uuid, key: KeyId) {
        let mut known = self.lock();
        if known.len() >= MAX_KEYS {
            known.clear();
        }
        known.insert(upstream, Facts { made_for: key, versions: BTreeSet::new() });
    }

    /// Whether it is known to have that version.
    pub(super) fn has(&self, upstream: Uuid, version: Uuid) -> bool {
        self.lock().get(&upstream).is_some_and(|facts| facts.versions.contains(&version))
    }

    /// It has that version.
    pub(super) fn version(&self, upstream: Uuid, version: Uuid) {
        if let Some(facts) = self.lock().get_mut(&upstream) {
            facts.versions.insert(version);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, Facts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
