//! The limits one by one; a model checks every data key that comes out.

#[cfg(not(target_arch = "wasm32"))]
mod model;

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::context::EncryptionContext;
use crate::error::{Error, ServiceFault};
use crate::flight::End;
use crate::keys::{DataKey, Edk};
use crate::secret::Secret;

const LIMITS: CacheLimits =
    CacheLimits { max_age: Duration::from_millis(1000), max_messages: 3, max_bytes: 100, max_entries: 2 };

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn context(tenant: u8) -> EncryptionContext {
    EncryptionContext::new([("tenant".to_owned(), tenant.to_string())]).expect("context")
}

fn sealing(tenant: u8) -> Slot {
    Slot::sealing(&[1; 32], &context(tenant)).expect("slot")
}

fn edk(number: u8) -> Edk {
    Edk { provider_id: "p".into(), provider_info: vec![number], ciphertext: b"wrapped".to_vec() }
}

fn opening(number: u8) -> Slot {
    Slot::opening(&[1; 32], &context(0), &[edk(number)]).expect("slot")
}

fn fetched(number: u64, lease: Option<u64>, asked: u64) -> Fetched {
    let mut bytes = vec![0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    let key = Rc::new(DataKey::from_unwrapped(Secret::new(bytes)).expect("32 bytes"));
    Fetched { key, edks: Rc::new([]), lease: lease.map(Duration::from_millis), asked: at(asked) }
}

fn number(held: &Held) -> u64 {
    // Tests number their data keys to tell them apart.
    u64::from_be_bytes(held.key.secret().expose()[..8].try_into().expect("8 bytes"))
}

fn fetch(cache: &DataKeyCache, slot: Slot, purpose: Purpose, now: u64) -> Ticket {
    match cache.find(slot, purpose, at(now)) {
        Found::Fetch(ticket) => ticket,
        other => panic!("to be fetched at {now}, not {other:?}"),
    }
}

fn held(cache: &DataKeyCache, slot: Slot, purpose: Purpose, now: u64) -> (Held, Option<Ticket>) {
    match cache.find(slot, purpose, at(now)) {
        Found::Held(held, successor) => (held, successor),
        other => panic!("at hand at {now}, not {other:?}"),
    }
}

/// A cache with data key 1 for sealing, fetched at 0 for a message of 10 bytes.
fn filled(limits: CacheLimits, lease: Option<u64>) -> DataKeyCache {
    let cache = DataKeyCache::new(limits);
    let first = fetch(&cache, sealing(0), Purpose::Seal(Some(10)), 0).done(fetched(1, lease, 0), at(0));
    assert_eq!(number(&first), 1);
    cache
}

#[test]
fn age_counts_from_the_question_to_the_last_use() {
    let cache = filled(LIMITS, None);
    drop(held(&cache, sealing(0), Purpose::Seal(Some(1)), 999));
    drop(fetch(&cache, sealing(0), Purpose::Seal(Some(1)), 1000));
    assert_eq!(cache.stats().misses, Misses { absent: 1, expired: 1, ..Misses::default() });
}

#[test]
fn a_lease_ends_an_entry_before_its_age() {
    let cache = filled(LIMITS, Some(400));
    drop(held(&cache, sealing(0), Purpose::Seal(Some(1)), 399));
    drop(fetch(&cache, sealing(0), Purpose::Seal(Some(1)), 400));
    assert_eq!(cache.stats().misses.lease, 1);
    let longer = filled(LIMITS, Some(4000));
    drop(fetch(&longer, sealing(0), Purpose::Seal(Some(1)), 1000));
    assert_eq!(longer.stats().misses.expired, 1, "a longer lease does not lengthen the age");
}

#[test]
fn messages_and_bytes_are_limited_for_sealing() {
    let cache = filled(LIMITS, None);
    for _ in 0..2 {
        drop(held(&cache, sealing(0), Purpose::Seal(Some(0)), 1));
    }
    drop(fetch(&cache, sealing(0), Purpose::Seal(Some(0)), 1));
    assert_eq!(cache.stats().misses.message_limit, 1);

    let cache = filled(LIMITS, None);
    drop(held(&cache, sealing(0), Purpose::Seal(Some(90)), 1));
    drop(fetch(&cache, sealing(0), Purpose::Seal(Some(1)), 1));
    assert_eq!(cache.stats().misses.byte_limit, 1);
}

#[test]
fn a_message_of_unknown_length_counts_as_it_goes() {
    let cache = filled(LIMITS, None);
    let (stream, _) = held(&cache, sealing(0), Purpose::Seal(None), 1);
    let meter = stream.meter.expect("a meter");
    meter.add(80);
    assert!(matches!(cache.find(sealing(0), Purpose::Seal(Some(11)), at(1)), Found::Fetch(_)));

    for next in [None, Some(0)] {
        let cache = filled(LIMITS, None);
        let (stream, _) = held(&cache, sealing(0), Purpose::Seal(None), 1);
        stream.meter.expect("a meter").add(1000);
        drop(fetch(&cache, sealing(0), Purpose::Seal(next), 1));
        assert_eq!(cache.stats().misses.byte_limit, 1);
    }
}

#[test]
fn a_message_over_the_limit_shares_with_none() {
    let cache = filled(LIMITS, None);
    assert!(matches!(cache.find(sealing(0), Purpose::Seal(Some(101)), at(1)), Found::Alone));
    assert_eq!(number(&held(&cache, sealing(0), Purpose::Seal(Some(1)), 1).0), 1, "the others keep theirs");
    for limits in [CacheLimits { max_messages: 1, ..LIMITS }, CacheLimits { max_bytes: 0, ..LIMITS }] {
        let cache = DataKeyCache::new(limits);
        assert!(matches!(cache.find(sealing(0), Purpose::Seal(None), at(1)), Found::Alone));
    }
}

#[test]
fn opening_has_no_message_limit_and_never_uses_a_sealing_key() {
    let cache = DataKeyCache::new(LIMITS);
    drop(fetch(&cache, opening(7), Purpose::Open, 0).done(fetched(5, None, 0), at(0)));
    for _ in 0..20 {
        assert_eq!(number(&held(&cache, opening(7), Purpose::Open, 1).0), 5);
    }
    assert!(matches!(cache.find(opening(8), Purpose::Open, at(1)), Found::Fetch(_)));
}

#[test]
fn slots_differ_in_each_part() {
    let (plain, other) = (context(0), context(1));
    let slot = |kek: u8, context, edks: &[Edk]| Slot::opening(&[kek; 32], context, edks).expect("slot");
    let base = slot(1, &plain, &[edk(1)]);
    let moved = Edk { provider_id: "p\u{1}".into(), provider_info: vec![], ciphertext: b"wrapped".to_vec() };
    let others = [
        slot(2, &plain, &[edk(1)]),
        slot(1, &other, &[edk(1)]),
        slot(1, &plain, &[edk(2)]),
        slot(1, &plain, &[edk(1), edk(2)]),
        slot(1, &plain, &[Edk { ciphertext: b"wrappee".to_vec(), ..edk(1) }]),
        slot(1, &plain, &[moved]),
        sealing(0),
    ];
    assert!(others.iter().all(|other| *other != base));
    assert_ne!(sealing(0), sealing(1));
    assert_ne!(sealing(0), Slot::sealing(&[2; 32], &context(0)).expect("slot"));
}

#[test]
fn the_least_recently_used_makes_room_and_is_wiped() {
    let cache = filled(LIMITS, None);
    let second = fetched(2, None, 1);
    let watched = Rc::downgrade(&second.key);
    drop(fetch(&cache, sealing(1), Purpose::Seal(Some(1)), 1).done(second, at(1)));
    drop(held(&cache, sealing(0), Purpose::Seal(Some(1)), 2));
    drop(fetch(&cache, sealing(2), Purpose::Seal(Some(1)), 3).done(fetched(3, None, 3), at(3)));
    assert_eq!(watched.strong_count(), 0, "nobody holds the evicted key");
    drop(held(&cache, sealing(0), Purpose::Seal(Some(1)), 4));
    drop(fetch(&cache, sealing(1), Purpose::Seal(Some(1)), 4));
    let stats = cache.stats();
    assert_eq!((stats.evictions, stats.misses.evicted, stats.misses.absent, stats.entries), (1, 1, 3, 2));
}

#[test]
fn one_fetches_and_the_others_wait() {
    let cache = DataKeyCache::new(LIMITS);
    let ticket = fetch(&cache, sealing(0), Purpose::Seal(Some(1)), 0);
    let wait = || match cache.find(sealing(0), Purpose::Seal(Some(1)), at(0)) {
        Found::Wait(landing) => landing,
        other => panic!("waits, not {other:?}"),
    };
    let landings = [wait(), wait()];
    drop(ticket.done(fetched(1, None, 0), at(0)));
    assert!(landings.into_iter().all(|landing| ended(landing) == Some(End::Done)));
    assert!(matches!(cache.find(sealing(0), Purpose::Seal(Some(1)), at(0)), Found::Held(..)));
    let stats = cache.stats();
    assert_eq!((stats.joined, stats.hits, stats.misses.absent), (2, 1, 1));
}

fn ended(landing: Landing) -> Option<End> {
    match pin!(landing).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(end) => Some(end),
        Poll::Pending => None,
    }
}

#[test]
fn whoever_fails_says_so_and_whoever_is_aborted_is_followed() {
    let cache = DataKeyCache::new(LIMITS);
    let ticket = fetch(&cache, opening(1), Purpose::Open, 0);
    let Found::Wait(landing) = cache.find(opening(1), Purpose::Open, at(0)) else { panic!("waits") };
    assert_eq!(ended(landing.clone()), None);
    ticket.failed(&Error::UnwrapFailed);
    assert_eq!(ended(landing), Some(End::Failed(Error::UnwrapFailed)));

    let ticket = fetch(&cache, opening(1), Purpose::Open, 0);
    let Found::Wait(landing) = cache.find(opening(1), Purpose::Open, at(0)) else { panic!("waits") };
    drop(ticket);
    assert_eq!(ended(landing), Some(End::GivenUp));
    assert!(matches!(cache.find(opening(1), Purpose::Open, at(0)), Found::Fetch(_)));
}

#[test]
fn whoever_is_lost_is_followed_too_and_cannot_end_the_next() {
    let cache = DataKeyCache::new(LIMITS);
    let lost = fetch(&cache, opening(1), Purpose::Open, 0);
    let millis = u64::try_from(LOST_AFTER.as_millis()).expect("short");
    assert!(matches!(cache.find(opening(1), Purpose::Open, at(millis - 1)), Found::Wait(_)));
    let next = fetch(&cache, opening(1), Purpose::Open, millis);
    drop(lost);
    let Found::Wait(landing) = cache.find(opening(1), Purpose::Open, at(millis)) else { panic!("waits") };
    drop(next.done(fetched(1, None, millis), at(millis)));
    assert_eq!(ended(landing), Some(End::Done));
}

#[test]
fn past_four_fifths_one_use_brings_a_successor() {
    let cache = filled(LIMITS, None);
    assert!(held(&cache, sealing(0), Purpose::Seal(Some(1)), 799).1.is_none());
    let ticket = held(&cache, sealing(0), Purpose::Seal(Some(1)), 800).1.expect("a successor");
    drop(ticket.done(fetched(2, None, 800), at(800)));
    let (newer, none) = held(&cache, sealing(0), Purpose::Seal(Some(100)), 801);
    assert_eq!((number(&newer), none.is_none()), (2, true), "with a count of its own");
    assert_eq!(cache.stats().refreshes, 1);
}

#[test]
fn a_successor_that_does_not_come_changes_nothing_but_a_refusal_does() {
    let limits = CacheLimits { max_messages: 9, ..LIMITS };
    let failure = |fault| Error::service(fault, Some(409), None, None);
    let cache = filled(limits, None);
    let ticket = held(&cache, sealing(0), Purpose::Seal(Some(1)), 900).1.expect("a successor");
    ticket.failed(&failure(ServiceFault::Failed));
    assert!(held(&cache, sealing(0), Purpose::Seal(Some(1)), 901).1.is_none(), "asked once");

    let cache = filled(limits, None);
    let ticket = held(&cache, sealing(0), Purpose::Seal(Some(1)), 900).1.expect("a successor");
    ticket.failed(&failure(ServiceFault::KeyDisabled));
    drop(fetch(&cache, sealing(0), Purpose::Seal(Some(1)), 901));
    let stats = cache.stats();
    assert_eq!((stats.refresh_failures, stats.misses.evicted), (1, 1));
}

#[test]
fn a_clock_that_goes_back_empties_the_cache() {
    let cache = filled(LIMITS, None);
    drop(held(&cache, sealing(0), Purpose::Seal(Some(1)), 500));
    drop(fetch(&cache, sealing(0), Purpose::Seal(Some(1)), 499));
}

#[test]
fn sweeping_wipes_without_a_lookup_and_says_when_to_come_back() {
    let cache = DataKeyCache::new(LIMITS);
    assert_eq!(cache.sweep(at(0)), None);
    let (first, second) = (fetched(1, Some(300), 0), fetched(2, None, 0));
    let watched = Rc::downgrade(&first.key);
    drop(fetch(&cache, sealing(0), Purpose::Seal(None), 0).done(first, at(0)));
    drop(fetch(&cache, sealing(1), Purpose::Seal(None), 0).done(second, at(0)));
    assert_eq!(cache.sweep(at(0)), Some(at(300)));
    assert_eq!(cache.sweep(at(300)), Some(at(1000)));
    assert_eq!((watched.strong_count(), cache.stats().entries), (0, 1));
    assert_eq!(cache.sweep(at(1000)), None);
}

#[test]
fn a_closed_cache_keeps_nothing() {
    let cache = filled(LIMITS, None);
    let ticket = fetch(&cache, sealing(1), Purpose::Seal(None), 0);
    cache.close();
    assert_eq!(number(&ticket.done(fetched(2, None, 0), at(0))), 2, "what was under way ends well");
    assert_eq!((cache.stats().entries, cache.sweep(at(0))), (0, None));
}
