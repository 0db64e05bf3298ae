//! Counts changes, so that what was read before one is not believed after it.
//!
//! *Invariant:* a database counts a change after its commit and before it reports the commit to anybody, or counts none at all and
//! then nothing that was read from it is kept.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The changes of one database that this process knows of, its own and those of others. Appending an event or a
/// checkpoint is none: nothing is decided by these.
#[derive(Clone)]
pub(crate) struct Changes(Option<Arc<AtomicU64>>);

impl Changes {
    /// Of a database that notices the changes of others.
    pub(crate) fn counted() -> Self {
        Self(Some(Arc::default()))
    }

    /// Of a database that others may change at any moment without a sign.
    pub(crate) const fn unknown() -> Self {
        Self(None)
    }

    /// A number that is another one after every change; `None` if nothing that is read may be kept. Whoever keeps what they read
    /// asks for it before reading.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.0.as_ref().map(|count| count.load(Ordering::SeqCst))
    }

    /// Something may be different from now on.
    pub(crate) fn happened(&self) {
        if let Some(count) = &self.0 {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}
