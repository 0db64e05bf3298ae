//! Sealing and opening as a caller means them: KEK and message joined, the KEK with its token and retries.
//!
//! *Invariant:* nothing here awaits; what an operation needs from outside it asks for.

mod authorized;
mod config;
mod engine;
mod retry;
mod session;
mod verify;

pub use authorized::Authorized;
pub use config::Config;
pub use engine::{EngineChoice, EngineKind, Runtime};
pub use verify::{Canary, Verified};

use crate::context::EncryptionContext;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::kek::unwrap_first;
use crate::message::{Draft, Header, Limits, Sealed, Unlocked};
use crate::operation::{Pending, Step};
use crate::time::Timestamp;

/// Seals and opens messages under the configured KEK.
pub struct Client {
    config: Config,
}

impl Client {
    /// A client; no call is made until the first message.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it would seal longer frames, or more entries for KEKs, than it opens.
    pub fn new(config: Config) -> Result<Self, Error> {
        if config.frame_length.get() > config.limits.max_frame_length {
            let problem = "must not be over maxFrameLength, or this client could not open what it seals";
            return Err(Error::argument("frameLength", problem));
        }
        if config.kek.entries() > config.limits.max_edks.into() {
            let problem = "makes more entries than maxEdks, or this client could not open what it seals";
            return Err(Error::argument("kek", problem));
        }
        Ok(Self { config })
    }

    /// What this client accepts of headers it reads.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// Starts a message: a new data key, wrapped by the KEK, and the header. The output makes a
    /// [`Sealer`](crate::message::Sealer) for the body.
    ///
    /// # Errors
    /// [`Error::Internal`] without randomness; later those of the KEK.
    pub fn seal(
        &self,
        context: EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Step<Pending<Sealed>>, Error> {
        let (data_key, wrapping) = self.config.kek.generate(&context, entropy, now)?;
        let draft = Draft::new(context, self.config.frame_length, entropy)?;
        wrapping.then(now, move |edks, _| Ok(Step::Done(draft.seal(&data_key, &edks?)?)))
    }

    /// Unlocks a message's header: checks the expected pairs, has the KEK unwrap the data key, checks the header. The
    /// output makes an [`Opener`](crate::message::Opener) for the body.
    ///
    /// # Errors
    /// Before any key call: [`Error::WholeOnly`], [`Error::ContextMismatch`], [`Error::NoMatchingKek`]. Later those of
    /// the KEK, of several entries the most useful, and of [`Header::unlock`].
    pub fn open(
        &self,
        header: Header,
        expected: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Step<Pending<Unlocked>>, Error> {
        header.require_verified()?;
        header.context().require(expected)?;
        let unwrapping = unwrap_first(&*self.config.kek, header.edks(), header.context(), entropy, now)?;
        let unwrapping = unwrapping.ok_or(Error::NoMatchingKek)?;
        unwrapping.then(now, |unwrapped, _| Ok(Step::Done(header.unlock(&unwrapped?.key)?)))
    }
}
