//! What the cache holds, and the rules by which it goes.
//!
//! *Invariant:* every lookup sweeps first, so what is over is never looked at.

use alloc::vec::Vec;

use crate::flight::Landing;
use crate::time::Timestamp;

use super::entry::{Entry, Fetched, Held};
use super::slot::Slot;
use super::slots::Slots;
use super::stats::{CacheStats, Miss};
use super::{CacheLimits, LOST_AFTER, Purpose};

pub(super) struct Store {
    limits: CacheLimits,
    entries: Slots<Entry>,
    /// What is being fetched, and since when. A ticket removes its own when it ends.
    pub(super) flights: Slots<(Landing, Timestamp)>,
    /// Why entries went, for as many as there may be entries; no keys in here.
    gone: Vec<(Slot, Miss)>,
    uses: u64,
    latest: Timestamp,
    /// Nothing is over before; `None` if there is nothing.
    next_over: Option<Timestamp>,
    closed: bool,
    pub(super) stats: CacheStats,
}

impl Store {
    pub(super) fn new(limits: CacheLimits) -> Self {
        Self {
            limits,
            entries: Slots::new(),
            flights: Slots::new(),
            gone: Vec::new(),
            uses: 0,
            latest: Timestamp::EPOCH,
            next_over: None,
            closed: false,
            stats: CacheStats::default(),
        }
    }

    /// Wipes what is over. A clock that was put back tells no ages any more, so then everything is.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        let clock_went_back = now < self.latest;
        self.latest = now;
        if !clock_went_back && self.next_over.is_none_or(|over| now < over) {
            return;
        }
        let mut over = Vec::new();
        self.entries.retain(|slot, entry| {
            let stays = !clock_went_back && now < entry.over_at;
            if !stays {
                over.push((*slot, entry.expiry()));
            }
            stays
        });
        for (slot, why) in over {
            self.remember(slot, why);
        }
        self.next_over = self.entries.iter().map(|(_, entry)| entry.over_at).min();
    }

    pub(super) fn next_over(&self) -> Option<Timestamp> {
        self.next_over
    }

    /// The data key of `slot`, counted against the limits. An entry that is used up goes.
    pub(super) fn take(&mut self, slot: &Slot, purpose: Purpose) -> Result<Held, Miss> {
        let Some(entry) = self.entries.get_mut(slot) else { return Err(self.why_gone(slot)) };
        match entry.admit(purpose, &self.limits) {
            Ok(held) => {
                self.uses += 1;
                entry.used = self.uses;
                Ok(held)
            }
            // The key would still do for other messages; only this one cannot have it.
            Err(miss) if self.refuses_to_share(purpose) => Err(miss),
            Err(miss) => {
                self.entries.remove(slot);
                Err(miss)
            }
        }
    }

    /// Whether a message needs a data key of its own: it alone is over a limit, or no second one could follow it.
    pub(super) fn refuses_to_share(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Open => false,
            Purpose::Seal(length) => self.limits.max_messages <= 1 || length.unwrap_or(1) > self.limits.max_bytes,
        }
    }

    /// Where to wait for the data key of `slot`, if somebody is getting it.
    pub(super) fn landing(&self, slot: &Slot, now: Timestamp) -> Option<Landing> {
        let (landing, since) = self.flights.get(slot)?;
        (now.since(*since) < LOST_AFTER).then(|| landing.clone())
    }

    pub(super) fn wants_successor(&mut self, slot: &Slot, now: Timestamp) -> bool {
        self.landing(slot, now).is_none() && self.entries.get_mut(slot).is_some_and(|entry| entry.wants_successor(now))
    }

    /// Keeps a data key, in place of an older one of this slot; over the number of entries, the least recently used one
    /// makes room. `first` is the message that it was fetched for.
    ///
    /// Finding that one looks at every entry, which is nothing beside the key call that came before.
    pub(super) fn put(&mut self, slot: Slot, fetched: Fetched, first: Option<Purpose>) -> Held {
        let mut entry = Entry::new(&fetched, &self.limits);
        let held = first.and_then(|purpose| entry.admit(purpose, &self.limits).ok()).unwrap_or_else(|| fetched.into());
        if self.closed {
            return held;
        }
        self.uses += 1;
        entry.used = self.uses;
        self.next_over = Some(self.next_over.map_or(entry.over_at, |over| over.min(entry.over_at)));
        self.entries.insert(slot, entry);
        while self.entries.len() > self.limits.max_entries {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(slot, _)| *slot);
            let Some(oldest) = oldest else { break };
            self.evict(&oldest);
            self.stats.evictions += 1;
        }
        held
    }

    /// Wipes an entry that would have lived on.
    pub(super) fn evict(&mut self, slot: &Slot) {
        if self.entries.remove(slot).is_some() {
            self.remember(*slot, Miss::Evicted);
        }
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
        self.entries.clear();
        self.gone.clear();
        self.next_over = None;
    }

    pub(super) fn stats(&self) -> CacheStats {
        CacheStats { entries: self.entries.len(), ..self.stats }
    }

    fn remember(&mut self, slot: Slot, why: Miss) {
        self.gone.push((slot, why));
        if self.gone.len() > self.limits.max_entries {
            self.gone.remove(0);
        }
    }

    /// Asked once: the next time, the slot is just absent or full again.
    fn why_gone(&mut self, slot: &Slot) -> Miss {
        let at = self.gone.iter().rposition(|(gone, _)| gone == slot);
        at.map_or(Miss::Absent, |at| self.gone.remove(at).1)
    }
}
