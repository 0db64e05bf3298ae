//! Any course of events, and what a bookkeeper who forgets nothing says to each data key that comes out.
//!
//! *Invariant:* the model adds up by itself; it asks the cache for nothing but keys.

use proptest::prelude::*;

use super::*;
use crate::meter::Meter;

#[derive(Debug, Clone)]
enum Act {
    Seal {
        tenant: u8,
        length: Option<u64>,
    },
    Open {
        number: u8,
    },
    /// Ends a fetch that is under way, whichever comes first.
    Land {
        lease: Option<u64>,
        took: u64,
    },
    Fail {
        refused: bool,
    },
    GiveUp,
    Meter {
        bytes: u64,
    },
    Pass {
        millis: u64,
    },
    PutClockBack {
        millis: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..4u8, prop::option::of(0..120u64)).prop_map(|(tenant, length)| Act::Seal { tenant, length }),
        4 => (0..4u8).prop_map(|number| Act::Open { number }),
        8 => (prop::option::of(0..1500u64), 0..50u64).prop_map(|(lease, took)| Act::Land { lease, took }),
        1 => any::<bool>().prop_map(|refused| Act::Fail { refused }),
        1 => Just(Act::GiveUp),
        2 => (0..60u64).prop_map(|bytes| Act::Meter { bytes }),
        4 => (0..400u64).prop_map(|millis| Act::Pass { millis }),
        1 => (0..100u64).prop_map(|millis| Act::PutClockBack { millis }),
    ]
}

/// What the model knows of a data key: it only ever adds up, and forgets nothing.
#[derive(Debug)]
struct Known {
    slot: Slot,
    /// In time that never goes back.
    over_at: u64,
    messages: u64,
    bytes: u64,
}

struct Model {
    cache: DataKeyCache,
    limits: CacheLimits,
    /// What the clock shows, and the time that really passed.
    clock: u64,
    passed: u64,
    keys: Vec<Known>,
    /// When each was asked for, in time that passed.
    fetching: Vec<(Slot, Option<Purpose>, Ticket, u64)>,
    waiting: Vec<Landing>,
    meters: Vec<(u64, Meter)>,
}

impl Model {
    fn find(&mut self, slot: Slot, purpose: Purpose) -> Result<(), TestCaseError> {
        match self.cache.find(slot, purpose, at(self.clock)) {
            Found::Held(held, successor) => {
                self.check(&held, slot, purpose)?;
                self.fetching.extend(successor.map(|ticket| (slot, None, ticket, self.passed)));
            }
            Found::Wait(landing) => {
                prop_assert!(self.fetching.iter().any(|(fetching, ..)| *fetching == slot), "waits for nobody");
                self.waiting.push(landing);
            }
            Found::Fetch(ticket) => {
                prop_assert!(self.fetching.iter().all(|(fetching, ..)| *fetching != slot), "fetched twice at once");
                self.fetching.push((slot, Some(purpose), ticket, self.passed));
            }
            Found::Alone => {
                let Purpose::Seal(length) = purpose else { return Err(TestCaseError::fail("opens alone")) };
                prop_assert!(self.limits.max_messages == 1 || length > Some(self.limits.max_bytes));
            }
        }
        prop_assert!(self.cache.stats().entries <= self.limits.max_entries);
        Ok(())
    }

    /// A data key came out: it must be this slot's, and within every limit with this message counted.
    fn check(&mut self, held: &Held, slot: Slot, purpose: Purpose) -> Result<(), TestCaseError> {
        let key = number(held);
        let known = &mut self.keys[usize::try_from(key).expect("small")];
        prop_assert_eq!(known.slot, slot);
        prop_assert!(self.passed < known.over_at, "too old");
        if let Purpose::Seal(length) = purpose {
            known.messages += 1;
            prop_assert!(known.messages <= self.limits.max_messages, "too many messages");
            match length {
                Some(length) => {
                    prop_assert!(held.meter.is_none());
                    prop_assert!(known.bytes + length <= self.limits.max_bytes, "too many bytes");
                    known.bytes += length;
                }
                None => {
                    prop_assert!(known.bytes < self.limits.max_bytes, "begins beyond the limit");
                    self.meters.push((key, held.meter.clone().expect("a meter")));
                }
            }
        }
        Ok(())
    }

    fn run(&mut self, act: Act) -> Result<(), TestCaseError> {
        match act {
            Act::Seal { tenant, length } => self.find(sealing(tenant), Purpose::Seal(length))?,
            Act::Open { number } => self.find(opening(number), Purpose::Open)?,
            Act::Land { lease, took } if !self.fetching.is_empty() => {
                let (slot, purpose, ticket, asked) = self.fetching.remove(0);
                (self.clock, self.passed) = (self.clock + took, self.passed + took);
                let life = lease.unwrap_or(u64::MAX).min(1000);
                let key = self.keys.len() as u64;
                self.keys.push(Known { slot, over_at: asked + life, messages: 0, bytes: 0 });
                // The host notes the question's time from the same clock.
                let elapsed = self.passed - asked;
                let held = ticket.done(fetched(key, lease, self.clock.saturating_sub(elapsed)), at(self.clock));
                if let Some(purpose @ Purpose::Seal(length)) = purpose {
                    // The message for which it was fetched may be sealed whatever the lease.
                    let known = self.keys.last_mut().expect("pushed");
                    let over_at = core::mem::replace(&mut known.over_at, u64::MAX);
                    prop_assert_eq!(length.is_none(), held.meter.is_some());
                    self.check(&held, slot, purpose)?;
                    self.keys.last_mut().expect("pushed").over_at = over_at;
                }
            }
            Act::Fail { refused } if !self.fetching.is_empty() => {
                let fault = if refused { ServiceFault::AccessDenied } else { ServiceFault::Unreachable };
                self.fetching.remove(0).2.failed(&Error::service(fault, None, None, None));
            }
            Act::GiveUp if !self.fetching.is_empty() => drop(self.fetching.remove(0)),
            Act::Meter { bytes } => {
                if let Some((key, meter)) = self.meters.last() {
                    meter.add(bytes);
                    self.keys[usize::try_from(*key).expect("small")].bytes += bytes;
                }
            }
            Act::Pass { millis } => (self.clock, self.passed) = (self.clock + millis, self.passed + millis),
            Act::PutClockBack { millis } => {
                // Only a clock that was looked at before can be seen to have gone back.
                self.cache.sweep(at(self.clock));
                self.clock = self.clock.saturating_sub(millis);
                self.cache.sweep(at(self.clock));
            }
            Act::Land { .. } | Act::Fail { .. } | Act::GiveUp => {}
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn nothing_is_ever_served_past_a_limit(
        acts in prop::collection::vec(act(), 1..60),
        max_messages in 1..6u64,
        max_entries in 1..5usize,
    ) {
        let limits = CacheLimits { max_messages, max_entries, ..LIMITS };
        let (keys, fetching, waiting, meters) = Default::default();
        let cache = DataKeyCache::new(limits);
        // Not zero, so that the clock can be put back.
        let mut model = Model { cache, limits, clock: 10_000, passed: 0, keys, fetching, waiting, meters };
        for act in acts {
            model.run(act)?;
        }
        model.fetching.clear();
        for landing in core::mem::take(&mut model.waiting) {
            prop_assert!(ended(landing).is_some(), "waits for ever");
        }
    }
}
