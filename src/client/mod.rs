//! Sealing and opening as a caller means them: KEK, token, retries and message joined.
//!
//! *Invariant:* nothing here awaits; what an operation needs from outside it asks for.

mod call;
mod config;
mod engine;
mod retry;

pub use config::Config;
pub use engine::{EngineChoice, EngineKind, Runtime};

use std::rc::Rc;

use crate::context::EncryptionContext;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::keys::{DataKey, Edk};
use crate::message::{Draft, Header, Limits, Sealed, Unlocked};
use crate::operation::{Operation, Pending, Response, Step, Unreachable};
use crate::time::Timestamp;

use call::{KeyCall, Session};

/// Seals and opens messages under the configured KEK.
pub struct Client {
    config: Config,
    session: Rc<Session>,
}

impl Client {
    /// A client; no call is made until the first message.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it would seal longer frames than it opens.
    pub fn new(mut config: Config) -> Result<Self, Error> {
        if config.frame_length.get() > config.limits.max_frame_length {
            let problem = "must not be over maxFrameLength, or this client could not open what it seals";
            return Err(Error::argument("frameLength", problem));
        }
        let session = Rc::new(Session::new(config.take_auth()));
        Ok(Self { config, session })
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
        let data_key = DataKey::generate(entropy)?;
        let step = self.config.kek.wrap(&data_key, &context, entropy)?;
        let draft = Draft::new(context, self.config.frame_length, entropy)?;
        let step = self.session.start(step, entropy, now)?;
        Ok(Seal { draft, data_key }.go_on(step)?.erase())
    }

    /// Unlocks a message's header: checks the expected pairs, has the KEK unwrap the data key, checks the header. The
    /// output makes an [`Opener`](crate::message::Opener) for the body.
    ///
    /// # Errors
    /// Before any key call: [`Error::ContextMismatch`], [`Error::NoMatchingKek`]. Later those of the KEK, of the
    /// several entries' the first, and of [`Header::unlock`].
    pub fn open(
        &self,
        header: Header,
        expected: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Step<Pending<Unlocked>>, Error> {
        header.context().require(expected)?;
        let mut untried = Vec::new();
        let mut failure = None;
        for edk in header.edks().iter().rev() {
            match self.config.kek.unwrap(edk, header.context(), entropy) {
                Ok(None) => {}
                Ok(Some(step)) => untried.push(self.session.start(step, entropy, now)?),
                Err(error) => failure = Some(error),
            }
        }
        Ok(Open { header, untried, failure }.try_next()?.erase())
    }
}

/// A message waiting for its wrapped data key.
struct Seal {
    draft: Draft,
    data_key: DataKey,
}

impl Seal {
    fn go_on(self, step: Step<KeyCall<Edk>>) -> Result<Step<Exchange<Self, Edk>>, Error> {
        match step {
            Step::Send(call, request) => Ok(Step::Send(Exchange { call, then: self }, request)),
            Step::Done(edk) => Ok(Step::Done(self.draft.seal(&self.data_key, &[edk])?)),
        }
    }
}

/// A header waiting for its data key.
struct Open {
    header: Header,
    /// Last first.
    untried: Vec<Step<KeyCall<DataKey>>>,
    /// Why the first entry that was tried did not unwrap.
    failure: Option<Error>,
}

impl Open {
    fn try_next(mut self) -> Result<Step<Exchange<Self, DataKey>>, Error> {
        match self.untried.pop() {
            Some(step) => self.go_on(step),
            None => Err(self.failure.unwrap_or(Error::NoMatchingKek)),
        }
    }

    fn go_on(self, step: Step<KeyCall<DataKey>>) -> Result<Step<Exchange<Self, DataKey>>, Error> {
        match step {
            Step::Send(call, request) => Ok(Step::Send(Exchange { call, then: self }, request)),
            Step::Done(key) => Ok(Step::Done(self.header.unlock(&key)?)),
        }
    }
}

/// A key call under way, and what to do with its output.
struct Exchange<Then, Key> {
    call: KeyCall<Key>,
    then: Then,
}

impl Operation for Exchange<Seal, Edk> {
    type Output = Sealed;

    fn resume(self, reply: Result<Response, Unreachable>, now: Timestamp) -> Result<Step<Self>, Error> {
        self.then.go_on(self.call.resume(reply, now)?)
    }
}

impl Operation for Exchange<Open, DataKey> {
    type Output = Unlocked;

    fn resume(mut self, reply: Result<Response, Unreachable>, now: Timestamp) -> Result<Step<Self>, Error> {
        match self.call.resume(reply, now) {
            Ok(step) => self.then.go_on(step),
            Err(error) => {
                self.then.failure.get_or_insert(error);
                self.then.try_next()
            }
        }
    }
}
