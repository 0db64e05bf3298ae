//! How much was sealed, counted where it happens and read where the limit is.
//!
//! *Invariant:* the count only grows, and stops at the largest number instead of beginning anew.

use alloc::rc::Rc;
use core::cell::Cell;

/// Bytes of plaintext sealed under one data key. Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Rc<Cell<u64>>);

impl Meter {
    pub(crate) fn add(&self, bytes: u64) {
        self.0.set(self.bytes().saturating_add(bytes));
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.get()
    }
}
