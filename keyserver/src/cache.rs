//! A bounded memory of what would be costly to find out again.
//!
//! There are two halves. When the newer one is full it becomes the older one, and what was in that is forgotten: what is used stays,
//! and nothing has to be sorted.
//! *Invariant:* a value is only given out in the epoch that it was found out in; the owner begins a new epoch with every change.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    mem,
    sync::{Mutex, PoisonError},
};

/// Values by key, at most so many.
pub(crate) struct Cache<K, V> {
    halves: Mutex<Halves<K, V>>,
    half: usize,
}

struct Halves<K, V> {
    newer: HashMap<K, (u64, V)>,
    older: HashMap<K, (u64, V)>,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// Keeps at most this many values, and at least half as many of those used last.
    pub(crate) fn new(most: usize) -> Self {
        Self { halves: Mutex::new(Halves { newer: HashMap::new(), older: HashMap::new() }), half: most.div_ceil(2) }
    }

    /// What was found out in this epoch, if it is remembered.
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, epoch: u64, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, value)) = halves.newer.get(key) {
            return (*of == epoch).then(|| value.clone());
        }
        let (key, (of, value)) = halves.older.remove_entry(key)?;
        if of != epoch {
            return None;
        }
        let found = value.clone();
        let forgotten = halves.add(key, (of, value), self.half);
        drop(halves);
        drop(forgotten);
        Some(found)
    }

    /// Remembers what was found out. `epoch` is the one in which finding out began: a change since then makes it worthless.
    pub(crate) fn put(&self, epoch: u64, key: K, value: V) {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let forgotten = halves.add(key, (epoch, value), self.half);
        drop(halves);
        // Thousands of values take their time to free, which nobody should wait for with the lock held.
        drop(forgotten);
    }
}

impl<K: Eq + Hash, V> Halves<K, V> {
    /// Adds a value and hands back what is forgotten for it.
    fn add(&mut self, key: K, value: (u64, V), half: usize) -> HashMap<K, (u64, V)> {
        self.newer.insert(key, value);
        if self.newer.len() < half {
            return HashMap::new();
        }
        mem::replace(&mut self.older, mem::take(&mut self.newer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_an_earlier_epoch_is_not_given_out() {
        let cache = Cache::new(8);
        cache.put(1, "key", "old");
        assert_eq!(cache.get(1, "key"), Some("old"));
        assert_eq!(cache.get(2, "key"), None);
        // Reading began before the change and ended after it.
        cache.put(1, "key", "late");
        assert_eq!(cache.get(2, "key"), None);
        cache.put(2, "key", "new");
        assert_eq!(cache.get(2, "key"), Some("new"));
        assert_eq!(cache.get(1, "key"), None, "nor one of a later epoch");
    }

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten() {
        let cache = Cache::new(8);
        for number in 0..100 {
            cache.put(0, number, number);
            assert_eq!(cache.get(0, &0), Some(0), "used after {number} others");
            let halves = cache.halves.lock().expect("not poisoned");
            assert!(halves.newer.len() + halves.older.len() <= 8);
        }
        assert_eq!(cache.get(0, &50), None);
        assert_eq!(cache.get(0, &99), Some(99));
    }
}
