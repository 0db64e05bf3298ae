//! The right and duty to fetch one data key.
//!
//! *Invariant:* there is one ticket for a slot, and however it goes, those who wait are woken.

use crate::error::{Error, ServiceFault};
use crate::flight::{End, Flight};
use crate::time::Timestamp;

use super::entry::{Fetched, Held};
use super::slot::Slot;
use super::{DataKeyCache, Purpose};

/// Hand in what was fetched, or why it was not; dropping it hands the duty on to whoever waits.
pub(crate) struct Ticket {
    cache: DataKeyCache,
    slot: Slot,
    /// The message that waits for it; `None` for a successor, for which nobody does.
    purpose: Option<Purpose>,
    flight: Option<Flight>,
}

impl Ticket {
    pub(super) fn new(cache: DataKeyCache, slot: Slot, purpose: Option<Purpose>, flight: Flight) -> Self {
        Self { cache, slot, purpose, flight: Some(flight) }
    }

    /// Keeps the data key for others, and hands it out for the message that waits for it, counted like any other.
    pub(crate) fn done(mut self, fetched: Fetched, now: Timestamp) -> Held {
        let held = {
            let mut store = self.cache.0.borrow_mut();
            if self.purpose.is_none() {
                store.stats.refreshes += 1;
            }
            store.sweep(now);
            store.put(self.slot, Fetched { asked: fetched.asked.min(now), ..fetched }, self.purpose)
        };
        self.end(End::Done);
        held
    }

    /// Fails everybody who waits. If a successor was refused because access is gone, so is the data key, at once.
    pub(crate) fn failed(mut self, error: &Error) {
        if self.purpose.is_none() && withdrawn(error) {
            self.cache.0.borrow_mut().evict(&self.slot);
        }
        self.end(End::Failed(error.clone()));
    }

    fn end(&mut self, end: End) {
        let Some(flight) = self.flight.take() else { return };
        {
            let mut store = self.cache.0.borrow_mut();
            // One that was lost has been replaced, and ends without a word.
            if store.flights.get(&self.slot).is_some_and(|(landing, _)| flight.lands_at(landing)) {
                store.flights.remove(&self.slot);
            }
            if self.purpose.is_none() && end != End::Done {
                store.stats.refresh_failures += 1;
            }
        }
        flight.end(end);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.end(End::GivenUp);
    }
}

/// Whether the service said that this caller may not use the key now, in contrast to not answering well.
fn withdrawn(error: &Error) -> bool {
    let Error::Service(service) = error else { return false };
    match service.kind {
        ServiceFault::ApiKeyRefused
        | ServiceFault::AccessDenied
        | ServiceFault::KeyDisabled
        | ServiceFault::KeyDeleted
        | ServiceFault::KeyNotFound => true,
        ServiceFault::NotARootKey
        | ServiceFault::WrappedKeyRefused
        | ServiceFault::RateLimited
        | ServiceFault::Failed
        | ServiceFault::Refused
        | ServiceFault::Unreachable
        | ServiceFault::BadReply => false,
    }
}

impl core::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Ticket(..)")
    }
}
