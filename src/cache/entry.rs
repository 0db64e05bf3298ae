//! One data key that is kept, and how far it may still be used.
//!
//! *Invariant:* whoever gets the key out has been counted against every limit first.

use alloc::rc::Rc;

use crate::keys::{DataKey, Edk};
use crate::meter::Meter;
use crate::time::{Duration, Timestamp};

use super::stats::Miss;
use super::{CacheLimits, Purpose};

/// A data key fresh from its KEK.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) key: Rc<DataKey>,
    /// Its wrapped copies for new messages; of no use for opening.
    pub(crate) edks: Rc<[Edk]>,
    /// For how long the key service lends it.
    pub(crate) lease: Option<Duration>,
    /// When the KEK was asked. Age and lease count from here: the answer cannot be older than the question.
    pub(crate) asked: Timestamp,
}

/// A data key for one message.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) key: Rc<DataKey>,
    pub(crate) edks: Rc<[Edk]>,
    /// Counts the plaintext of a message that did not say how long it is.
    pub(crate) meter: Option<Meter>,
}

impl From<Fetched> for Held {
    /// For a message that shares its data key with none.
    fn from(fetched: Fetched) -> Self {
        Self { key: fetched.key, edks: fetched.edks, meter: None }
    }
}

#[derive(Debug)]
pub(super) struct Entry {
    key: Rc<DataKey>,
    edks: Rc<[Edk]>,
    /// From here on it must not be used.
    pub(super) over_at: Timestamp,
    /// From here on a successor is wanted.
    stale_at: Timestamp,
    /// The lease ends before the age does.
    by_lease: bool,
    messages: u64,
    sealed: Meter,
    /// When it was used last, as a number that grows with every use.
    pub(super) used: u64,
    successor_wanted: bool,
}

impl Entry {
    pub(super) fn new(fetched: &Fetched, limits: &CacheLimits) -> Self {
        let by_lease = fetched.lease.is_some_and(|lease| lease < limits.max_age);
        let life = fetched.lease.unwrap_or(limits.max_age).min(limits.max_age);
        Self {
            key: Rc::clone(&fetched.key),
            edks: Rc::clone(&fetched.edks),
            over_at: fetched.asked.plus(life),
            stale_at: fetched.asked.plus(life / 5 * 4),
            by_lease,
            messages: 0,
            sealed: Meter::default(),
            used: 0,
            successor_wanted: false,
        }
    }

    /// Why this entry is no more once its time is over.
    pub(super) fn expiry(&self) -> Miss {
        if self.by_lease { Miss::Lease } else { Miss::Expired }
    }

    /// Counts one more message and hands out the key for it, unless that would be over a limit.
    ///
    /// A message of unknown length is let in while any byte is left, and counts as it goes: with it the total may end
    /// beyond the limit, and then no other message begins.
    pub(super) fn admit(&mut self, purpose: Purpose, limits: &CacheLimits) -> Result<Held, Miss> {
        let mut meter = None;
        if let Purpose::Seal(length) = purpose {
            if self.messages >= limits.max_messages {
                return Err(Miss::MessageLimit);
            }
            let sealed = self.sealed.bytes();
            match length {
                Some(length) if sealed.saturating_add(length) <= limits.max_bytes => self.sealed.add(length),
                None if sealed < limits.max_bytes => meter = Some(self.sealed.clone()),
                Some(_) | None => return Err(Miss::ByteLimit),
            }
            self.messages += 1;
        }
        Ok(Held { key: Rc::clone(&self.key), edks: Rc::clone(&self.edks), meter })
    }

    /// Whether it is time to get a successor; says so once.
    pub(super) fn wants_successor(&mut self, now: Timestamp) -> bool {
        now >= self.stale_at && !core::mem::replace(&mut self.successor_wanted, true)
    }
}
