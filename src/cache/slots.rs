//! A small sorted list by slot.
//!
//! *Invariant:* sorted, and no slot is there twice.
//!
//! Lookups are by bisection; inserting moves what is behind, which is nothing beside the key call that came before. The
//! module that ships is a good deal smaller than with a tree.

use alloc::vec::Vec;

use super::slot::Slot;

pub(super) struct Slots<T>(Vec<(Slot, T)>);

impl<T> Slots<T> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(Slot, T)> {
        self.0.iter()
    }

    pub(super) fn get(&self, slot: &Slot) -> Option<&T> {
        self.find(slot).ok().map(|at| &self.0[at].1)
    }

    pub(super) fn get_mut(&mut self, slot: &Slot) -> Option<&mut T> {
        self.find(slot).ok().map(|at| &mut self.0[at].1)
    }

    /// Puts `value` in place of what was there.
    pub(super) fn insert(&mut self, slot: Slot, value: T) {
        match self.find(&slot) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (slot, value)),
        }
    }

    pub(super) fn remove(&mut self, slot: &Slot) -> Option<T> {
        self.find(slot).ok().map(|at| self.0.remove(at).1)
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Slot, &T) -> bool) {
        self.0.retain(|(slot, value)| keep(slot, value));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn find(&self, slot: &Slot) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(slot))
    }
}
