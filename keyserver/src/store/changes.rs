//! Counts changes, so that what was read before one is not believed after it.
//!
//! *Invariant:* a database counts a change after its commit and before it reports the commit to anybody.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The changes of one database that this process knows of, its own and those of others. Appending an event is none: nothing is
/// decided by events.
#[derive(Clone, Default)]
pub(crate) struct Changes(Arc<AtomicU64>);

impl Changes {
    /// A number that is another one after every change. Whoever keeps what they read asks for it before reading.
    pub(crate) fn epoch(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Something may be different from now on.
    pub(crate) fn happened(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
