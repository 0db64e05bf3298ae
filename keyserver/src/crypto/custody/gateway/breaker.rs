//! Leaves an upstream alone that does nothing but fail.
//!
//! After a number of failures in a row nobody asks for a while; then one call tries, and what becomes of it counts for all.
//! *Invariant:* a refusal costs no time and no connection, and a call that ends without an outcome leaves no door shut.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Failures in a row after which nobody asks.
const FAILURES: u32 = 8;
/// How long nobody asks then.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// Counts failures.
pub(super) struct Breaker(Mutex<Door>);

#[derive(Clone, Copy)]
enum Door {
    /// Everybody asks; so many failures in a row.
    Open(u32),
    /// Nobody asks, until then. One call may try from then on, which moves the moment.
    Shut(Timestamp),
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Door::Open(0)))
    }

    /// Whether to ask now; else the seconds until it is worth a try.
    pub(super) fn pass(&self, now: Timestamp) -> Result<(), u32> {
        let mut door = self.lock();
        match *door {
            Door::Open(_) => Ok(()),
            // A moment that is further away than the pause is one of a clock that was set back.
            Door::Shut(until) if now < until && until.duration_since(now) <= PAUSE => {
                Err(seconds(until.duration_since(now)))
            }
            // Whoever tries has this long; if nothing is heard of it, the next one tries.
            Door::Shut(_) => {
                *door = Door::Shut(later(now));
                Ok(())
            }
        }
    }

    /// The upstream does its work, whatever it answered.
    pub(super) fn works(&self) {
        *self.lock() = Door::Open(0);
    }

    /// It does not.
    pub(super) fn fails(&self, now: Timestamp) {
        let mut door = self.lock();
        let failures = match *door {
            Door::Open(failures) => failures + 1,
            Door::Shut(_) => FAILURES,
        };
        *door = if failures < FAILURES { Door::Open(failures) } else { Door::Shut(later(now)) };
    }

    fn lock(&self) -> MutexGuard<'_, Door> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn later(now: Timestamp) -> Timestamp {
    now.checked_add(PAUSE).unwrap_or(Timestamp::MAX)
}

fn seconds(left: SignedDuration) -> u32 {
    u32::try_from(left.as_secs()).unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a moment")
    }

    #[test]
    fn failures_in_a_row_shut_it_and_one_success_opens_it() {
        let breaker = Breaker::new();
        for _ in 1..FAILURES {
            breaker.fails(at(0));
        }
        assert!(breaker.pass(at(0)).is_ok(), "one failure is missing");
        breaker.works();
        for _ in 0..FAILURES {
            assert!(breaker.pass(at(0)).is_ok());
            breaker.fails(at(0));
        }
        assert_eq!(breaker.pass(at(0)), Err(6));
        assert_eq!(breaker.pass(at(4)), Err(2));
        breaker.works();
        assert!(breaker.pass(at(4)).is_ok());
    }

    #[test]
    fn after_the_pause_one_call_tries_for_all() {
        let breaker = Breaker::new();
        for _ in 0..FAILURES {
            breaker.fails(at(0));
        }
        assert!(breaker.pass(at(5)).is_ok(), "the one that tries");
        assert!(breaker.pass(at(5)).is_err());
        breaker.fails(at(6));
        assert!(breaker.pass(at(10)).is_err(), "another pause after it failed");
        assert!(breaker.pass(at(11)).is_ok());
        assert!(breaker.pass(at(16)).is_ok(), "nothing was heard of that one");
    }
}
