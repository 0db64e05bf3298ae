//! Data keys kept for a while, so that not every message costs a key call.
//!
//! *Invariant:* no data key leaves past a limit, and one that leaves the cache is wiped as soon as nobody uses it.
//!
//! Reuse is lawful because a data key never encrypts anything itself: every message has keys of its own, derived by
//! HKDF from the data key and 32 fresh random bytes, the message id (AWS Encryption SDK specification, "Key
//! Derivation" of the committing suites, and "Caching Cryptographic Materials Manager", which the limits follow). Two
//! messages under one data key share neither key nor nonce space; what the limits bound is how much one leaked data
//! key opens, and for how long a withdrawn one lives on.
//!
//! | limit | sealing | opening |
//! |---|---|---|
//! | age, from when the KEK was asked | yes | yes |
//! | lease of the key service, where it is shorter | yes | yes |
//! | messages, bytes of plaintext | yes | no: they exist already |
//! | entries | both together, the least recently used goes |
//!
//! Past four fifths of its time an entry asks for a successor, once, while it goes on serving. Of several lookups that
//! miss the same data key one gets it and the others wait.

mod entry;
mod slot;
mod slots;
mod stats;
mod store;
#[cfg(test)]
mod tests;
mod ticket;

pub(crate) use entry::{Fetched, Held};
pub(crate) use slot::Slot;
pub use stats::{CacheStats, Misses};
pub(crate) use ticket::Ticket;

use alloc::rc::Rc;
use core::cell::RefCell;

use crate::flight::{Flight, Landing};
use crate::time::{Duration, Timestamp};

use store::Store;

/// A fetch that takes longer than any call with all its repeats is lost: a runtime may stop a task without dropping it,
/// as edge workers do when their request ends. Whoever comes then takes over.
pub(crate) const LOST_AFTER: Duration = Duration::from_secs(60);

/// How long and how far data keys are reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Longest time from the key call to the last use. A key service can shorten it with a lease.
    pub max_age: Duration,
    /// Most messages sealed under one data key.
    pub max_messages: u64,
    /// Most bytes of plaintext sealed under one data key. A message longer than that has a data key of its own; one of
    /// unknown length counts as it goes and may end beyond the limit, but no other begins there.
    pub max_bytes: u64,
    /// Most data keys kept at the same time.
    pub max_entries: usize,
}

impl Default for CacheLimits {
    /// A minute, 10 000 messages, 64 GiB, 1000 entries.
    fn default() -> Self {
        Self { max_age: Duration::from_secs(60), max_messages: 10_000, max_bytes: 1 << 36, max_entries: 1000 }
    }
}

/// What a data key is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A new message with this many bytes of plaintext; `None` where only its end will tell.
    Seal(Option<u64>),
    /// A message that exists.
    Open,
}

/// What a lookup gives.
#[derive(Debug)]
pub(crate) enum Found {
    /// A data key, and a ticket if a successor is to be fetched, which need not delay the message.
    Held(Held, Option<Ticket>),
    /// Somebody else fetches it: wait, then look again.
    Wait(Landing),
    /// Fetch it, and hand it in with the ticket.
    Fetch(Ticket),
    /// Fetch one for this message alone: it may not be shared.
    Alone,
}

/// The data keys of one client. Clones are the same cache.
#[derive(Clone)]
pub(crate) struct DataKeyCache(Rc<RefCell<Store>>);

impl DataKeyCache {
    pub(crate) fn new(limits: CacheLimits) -> Self {
        Self(Rc::new(RefCell::new(Store::new(limits))))
    }

    /// Looks for the data key of `slot`.
    pub(crate) fn find(&self, slot: Slot, purpose: Purpose, now: Timestamp) -> Found {
        let mut store = self.0.borrow_mut();
        store.sweep(now);
        match store.take(&slot, purpose) {
            Ok(held) => {
                store.stats.hits += 1;
                let successor = store.wants_successor(&slot, now).then(|| self.ticket(&mut store, slot, None, now));
                Found::Held(held, successor)
            }
            Err(miss) if store.refuses_to_share(purpose) => {
                store.stats.misses.count(miss);
                Found::Alone
            }
            Err(miss) => match store.landing(&slot, now) {
                Some(landing) => {
                    store.stats.joined += 1;
                    Found::Wait(landing)
                }
                None => {
                    store.stats.misses.count(miss);
                    Found::Fetch(self.ticket(&mut store, slot, Some(purpose), now))
                }
            },
        }
    }

    /// Wipes what is over; returns when the next data key will be, for the host to come back then.
    pub(crate) fn sweep(&self, now: Timestamp) -> Option<Timestamp> {
        let mut store = self.0.borrow_mut();
        store.sweep(now);
        store.next_over()
    }

    /// Wipes everything and keeps nothing from now on.
    pub(crate) fn close(&self) {
        self.0.borrow_mut().close();
    }

    pub(crate) fn stats(&self) -> CacheStats {
        self.0.borrow().stats()
    }

    fn ticket(&self, store: &mut Store, slot: Slot, purpose: Option<Purpose>, now: Timestamp) -> Ticket {
        let flight = Flight::new();
        store.flights.insert(slot, (flight.landing(), now));
        Ticket::new(self.clone(), slot, purpose, flight)
    }
}
