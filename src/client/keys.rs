//! Data keys for messages: from the cache where there is one, else from the KEK.
//!
//! *Invariant:* whoever is to fetch a data key for others holds a ticket until it is handed in, so nobody waits in vain.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::cache::{CacheLimits, CacheStats, DataKeyCache, Fetched, Found, Held, LOST_AFTER, Purpose, Slot, Ticket};
use crate::context::EncryptionContext;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::flight::Landing;
use crate::kek::{Kek, unwrap_first};
use crate::keys::{Edk, Unwrapped};
use crate::operation::{Operation, Pending, Step};
use crate::time::{Duration, Timestamp};

/// How long to wait for another call before asking again all the same, as that call may be lost.
pub const WAIT: Duration = LOST_AFTER;

/// The way to a result that needs a data key.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one is made for each message, and taken apart where it arrives")]
pub enum Keyed<T, Back> {
    /// Do this to get it; and the renewal, if there is one, beside it, as it must not delay the result.
    Go(Step<Pending<T>>, Option<Renewal>),
    /// Another call fetches the data key. Wait for its end, at most for [`WAIT`]; unless it failed, ask again with what
    /// is given back here.
    Wait(Landing, Back),
}

/// Fetches the successor of a cached data key that is getting old. Its failure is counted and concerns nobody.
pub type Renewal = Step<Pending<Option<Rewrapped>>>;

/// A data key's wrapped copy and the fresh one that the key service gave after a rotation of its root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrapped {
    /// As it stands in the message, where it stays.
    pub from: Edk,
    /// The same data key under the newest version.
    pub to: Edk,
}

impl Rewrapped {
    /// A fresh copy has the names of the entry that it came from.
    fn of(edks: Vec<Edk>, to: Edk) -> Option<Self> {
        let names = |edk: &Edk| edk.provider_id == to.provider_id && edk.provider_info == to.provider_info;
        edks.into_iter().find(names).map(|from| Self { from, to })
    }
}

/// A data key from the KEK, and a fresh copy of its wrap if there was one.
type Fetch = Step<Pending<(Fetched, Option<Rewrapped>)>>;
/// A data key for one message, and a fresh copy of its wrap if there was one.
type Key = (Held, Option<Rewrapped>);

/// A KEK and the data keys that are kept.
pub(super) struct Keys {
    kek: Box<dyn Kek>,
    identity: [u8; 32],
    cache: Option<DataKeyCache>,
}

impl Keys {
    pub(super) fn new(kek: Box<dyn Kek>, cache: Option<CacheLimits>) -> Self {
        Self { identity: kek.identity(), kek, cache: cache.map(DataKeyCache::new) }
    }

    pub(super) fn kek(&self) -> &dyn Kek {
        &*self.kek
    }

    /// A data key for a new message of `length` bytes, if that is known.
    pub(super) fn to_seal(
        &self,
        context: &EncryptionContext,
        length: Option<u64>,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Keyed<Key, ()>, Error> {
        let slot = Slot::sealing(&self.identity, context)?;
        self.find(slot, Purpose::Seal(length), now, &mut || self.generate(context, entropy, now))
    }

    /// The data key of a message with this context and these entries.
    pub(super) fn to_open(
        &self,
        context: &EncryptionContext,
        edks: &[Edk],
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Keyed<Key, ()>, Error> {
        let slot = Slot::opening(&self.identity, context, edks)?;
        self.find(slot, Purpose::Open, now, &mut || self.unwrap(context, edks, entropy, now))
    }

    /// A new data key that is not kept for anybody else.
    pub(super) fn fresh(
        &self,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Step<Pending<Key>>, Error> {
        alone(self.generate(context, entropy, now)?, now)
    }

    pub(super) fn stats(&self) -> CacheStats {
        self.cache.as_ref().map(DataKeyCache::stats).unwrap_or_default()
    }

    /// Wipes what is over; returns when the next data key will be.
    pub(super) fn sweep(&self, now: Timestamp) -> Option<Timestamp> {
        self.cache.as_ref()?.sweep(now)
    }

    fn find(
        &self,
        slot: Slot,
        purpose: Purpose,
        now: Timestamp,
        fetch: &mut dyn FnMut() -> Result<Fetch, Error>,
    ) -> Result<Keyed<Key, ()>, Error> {
        let found = self.cache.as_ref().map_or(Found::Alone, |cache| cache.find(slot, purpose, now));
        let step = match found {
            Found::Wait(landing) => return Ok(Keyed::Wait(landing, ())),
            Found::Held(held, successor) => {
                // A renewal that cannot even begin is counted by its ticket.
                let renewal = successor.and_then(|ticket| hand_in(ticket, fetch(), now).ok());
                let renewal = renewal.and_then(|step| step.then(now, |key, _| Ok(Step::Done(key?.1))).ok());
                return Ok(Keyed::Go(Step::Done((held, None)), renewal));
            }
            Found::Fetch(ticket) => hand_in(ticket, fetch(), now)?,
            Found::Alone => alone(fetch()?, now)?,
        };
        Ok(Keyed::Go(step, None))
    }

    fn generate(&self, context: &EncryptionContext, entropy: &mut dyn Entropy, now: Timestamp) -> Result<Fetch, Error> {
        let (key, wrapping) = self.kek.generate(context, entropy, now)?;
        asked(wrapping, now).then(now, |wrapped, _| {
            let (edks, asked) = wrapped?;
            Ok(Step::Done((Fetched { key: Rc::new(key), edks: edks.into(), lease: None, asked }, None)))
        })
    }

    fn unwrap(
        &self,
        context: &EncryptionContext,
        edks: &[Edk],
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Fetch, Error> {
        let unwrapping = unwrap_first(&*self.kek, edks, context, entropy, now)?.ok_or(Error::NoMatchingKek)?;
        let edks = edks.to_vec();
        asked(unwrapping, now).then(now, |unwrapped, _| {
            let (Unwrapped { key, rewrapped, lease, .. }, asked) = unwrapped?;
            let rewrapped = rewrapped.and_then(|to| Rewrapped::of(edks, to));
            Ok(Step::Done((Fetched { key: Rc::new(key), edks: Rc::new([]), lease, asked }, rewrapped)))
        })
    }
}

impl Drop for Keys {
    /// A call that is under way may hold the cache a little longer, and is not to fill it again.
    fn drop(&mut self) {
        if let Some(cache) = &self.cache {
            cache.close();
        }
    }
}

/// The same step, whose output comes with the time at which the last request of it went out.
fn asked<T: 'static>(step: Step<Pending<T>>, now: Timestamp) -> Step<Pending<(T, Timestamp)>> {
    match step {
        Step::Done(output) => Step::Done((output, now)),
        Step::Send(operation, request) => {
            let sent = now.plus(request.delay);
            let resume = move |reply, now| {
                Ok(match operation.resume(reply, now)? {
                    Step::Done(output) => Step::Done((output, sent)),
                    more => asked(more, now),
                })
            };
            Step::Send(Pending::new(resume), request)
        }
    }
}

/// Fetches for one message and for nobody else.
fn alone(fetch: Fetch, now: Timestamp) -> Result<Step<Pending<Key>>, Error> {
    fetch.then(now, |fetched, _| {
        let (fetched, rewrapped) = fetched?;
        Ok(Step::Done((fetched.into(), rewrapped)))
    })
}

/// Fetches for one message and hands the data key in for others.
fn hand_in(ticket: Ticket, fetch: Result<Fetch, Error>, now: Timestamp) -> Result<Step<Pending<Key>>, Error> {
    let end = move |fetched: Result<_, Error>, now| match fetched {
        Ok((fetched, rewrapped)) => Ok(Step::Done((ticket.done(fetched, now), rewrapped))),
        Err(error) => {
            ticket.failed(&error);
            Err(error)
        }
    };
    match fetch {
        Ok(step) => step.then(now, end),
        Err(error) => end(Err(error), now),
    }
}
