//! Sealing and opening as a caller means them: KEK and message joined, the KEK with its token and retries.
//!
//! *Invariant:* nothing here awaits; what an operation needs from outside it asks for.

mod authorized;
mod config;
mod engine;
mod held;
mod keys;
mod retry;
mod session;
mod verify;

pub use authorized::Authorized;
pub use config::Config;
pub use engine::{EngineChoice, EngineKind, Runtime};
pub use held::HeldKey;
pub use keys::{Keyed, Renewal, Rewrapped, WAIT};
pub use verify::{Canary, Verified};

use core::cell::{Ref, RefCell};

use crate::cache::CacheStats;
use crate::context::EncryptionContext;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::message::{Draft, FrameLength, Header, Limits, Sealed, Unlocked};
use crate::operation::{Pending, Step};
use crate::time::Timestamp;

use keys::Keys;

/// Seals and opens messages under the configured KEK.
pub struct Client {
    /// Gone when the client is disposed of.
    keys: RefCell<Option<Keys>>,
    frame_length: FrameLength,
    limits: Limits,
}

/// A header that was checked, and what the key service said besides.
#[derive(Debug)]
pub struct Opening {
    /// Makes an [`Opener`](crate::message::Opener) for the body.
    pub unlocked: Unlocked,
    /// A fresh copy of the wrapped data key, where the root key was rotated since.
    pub rewrapped: Option<Rewrapped>,
}

impl Client {
    /// A client; no call is made until the first message.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it would seal longer frames, or more entries for KEKs, than it opens.
    pub fn new(config: Config) -> Result<Self, Error> {
        let Config { kek, frame_length, limits, cache } = config;
        if frame_length.get() > limits.max_frame_length {
            let problem = "must not be over maxFrameLength, or this client could not open what it seals";
            return Err(Error::argument("frameLength", problem));
        }
        if kek.entries() > limits.max_edks.into() {
            let problem = "makes more entries than maxEdks, or this client could not open what it seals";
            return Err(Error::argument("kek", problem));
        }
        Ok(Self { keys: RefCell::new(Some(Keys::new(kek, cache))), frame_length, limits })
    }

    /// What this client accepts of headers it reads.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Starts a message: a data key, new or cached, and the header. The output makes a
    /// [`Sealer`](crate::message::Sealer) for the body. `length` is that of the plaintext; without it what is sealed
    /// counts against the cache's limit as it goes.
    ///
    /// # Errors
    /// [`Error::Disposed`], [`Error::Internal`] without randomness; later those of the KEK.
    pub fn seal(
        &self,
        context: EncryptionContext,
        length: Option<u64>,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Keyed<Sealed, EncryptionContext>, Error> {
        match self.keys()?.to_seal(&context, length, entropy, now)? {
            Keyed::Wait(landing, ()) => Ok(Keyed::Wait(landing, context)),
            Keyed::Go(step, renewal) => {
                let draft = Draft::new(context, self.frame_length, entropy)?;
                let step = step.then(now, |key, _| {
                    let (held, _) = key?;
                    Ok(Step::Done(draft.seal(&held.key, &held.edks)?.metered(held.meter)))
                })?;
                Ok(Keyed::Go(step, renewal))
            }
        }
    }

    /// Unlocks a message's header: checks the expected pairs, gets the data key from the cache or has the KEK unwrap it,
    /// checks the header.
    ///
    /// # Errors
    /// Before any key call: [`Error::Disposed`], [`Error::WholeOnly`], [`Error::ContextMismatch`],
    /// [`Error::NoMatchingKek`]. Later those of
    /// the KEK, of several entries the most useful, and of [`Header::unlock`].
    pub fn open(
        &self,
        header: Header,
        expected: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Keyed<Opening, Header>, Error> {
        let keys = self.keys()?;
        header.require_verified()?;
        header.context().require(expected)?;
        match keys.to_open(header.context(), header.edks(), entropy, now)? {
            Keyed::Wait(landing, ()) => Ok(Keyed::Wait(landing, header)),
            Keyed::Go(step, renewal) => {
                let step = step.then(now, |key, _| {
                    let (held, rewrapped) = key?;
                    Ok(Step::Done(Opening { unlocked: header.unlock(&held.key)?, rewrapped }))
                })?;
                Ok(Keyed::Go(step, renewal))
            }
        }
    }

    /// A new data key for the caller's hands. It is not cached, has no limits, and lives until it is dropped.
    ///
    /// # Errors
    /// [`Error::Disposed`], [`Error::Internal`] without randomness; later those of the KEK.
    pub fn data_key(
        &self,
        context: EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Step<Pending<HeldKey>>, Error> {
        let (frame_length, limits) = (self.frame_length, self.limits);
        self.keys()?.fresh(&context, entropy, now)?.then(now, move |key, _| {
            let (held, _) = key?;
            Ok(Step::Done(HeldKey::new(held.key, held.edks, &context, frame_length, limits)?))
        })
    }

    /// What the cache did so far; nothing but zeros without one and after [`dispose`](Self::dispose).
    pub fn stats(&self) -> CacheStats {
        self.keys.borrow().as_ref().map(Keys::stats).unwrap_or_default()
    }

    /// Wipes cached data keys whose time is over; returns when the next one's will be, for the host to come back then.
    pub fn sweep(&self, now: Timestamp) -> Option<Timestamp> {
        self.keys.borrow().as_ref()?.sweep(now)
    }

    /// Wipes all keys. Calls under way end as they would have; later ones fail with [`Error::Disposed`].
    pub fn dispose(&self) {
        self.keys.take();
    }

    fn keys(&self) -> Result<Ref<'_, Keys>, Error> {
        Ref::filter_map(self.keys.borrow(), Option::as_ref).map_err(|_| Error::Disposed)
    }
}
