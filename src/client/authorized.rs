//! A KEK that talks to a service, with the caller's identity there: every call gets its token and its repeats.
//!
//! *Invariant:* a token that the service refused is asked for anew once, never in a loop.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;

use crate::auth::{Auth, FetchToken};
use crate::context::EncryptionContext;
use crate::crypto::kdf::sha256_of;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::kek::{Kek, Unwrapping, Wrapping};
use crate::keys::{DataKey, Edk};
use crate::operation::{Call, HttpRequest, Operation, Pending, Request, Response, Step, Unreachable, correlation_id};
use crate::secret::Secret;
use crate::time::{Duration, Timestamp};

use super::retry::Retry;
use super::session::{Fetching, Flight, Pass, Session};

/// How often a call looks whether the token that another call fetches has come.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A KEK behind a service, and who calls it.
pub struct Authorized {
    kek: Box<dyn Kek>,
    session: Rc<Session>,
}

impl Authorized {
    /// `kek` as reached with `auth`. Each has its own token.
    pub fn new(kek: impl Kek + 'static, auth: Auth) -> Self {
        Self { kek: Box::new(kek), session: Rc::new(Session::new(auth)) }
    }

    /// The KEK's step with its request sent under a token, and repeated where that is due.
    fn start<T: 'static>(
        &self,
        step: Step<Pending<T>>,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Step<Pending<T>>, Error> {
        match step {
            Step::Done(output) => Ok(Step::Done(output)),
            Step::Send(kek, request) => {
                let Call::Http(request) = request.call else {
                    return Err(Error::Internal("a key service is called over HTTP"));
                };
                let call = KeyCall {
                    session: Rc::clone(&self.session),
                    request,
                    stage: Stage::Key,
                    retry: Retry::new(random(entropy)?, now),
                    identity_call: correlation_id(entropy)?,
                    renewed: false,
                };
                call.authorize(now).then(now, |reply, now| match kek.resume(reply?, now)? {
                    Step::Done(output) => Ok(Step::Done(output)),
                    Step::Send(..) => Err(Error::Internal("a KEK takes one call")),
                })
            }
        }
    }
}

impl Kek for Authorized {
    /// Errors: those of the KEK, of its identity service, and [`Error::TokenCallback`].
    fn wrap(
        &self,
        key: &DataKey,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Wrapping, Error> {
        let step = self.kek.wrap(key, context, entropy, now)?;
        self.start(step, entropy, now)
    }

    /// Errors: those of the KEK, of its identity service, and [`Error::TokenCallback`].
    fn unwrap(
        &self,
        edk: &Edk,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Option<Unwrapping>, Error> {
        let step = self.kek.unwrap(edk, context, entropy, now)?;
        step.map(|step| self.start(step, entropy, now)).transpose()
    }

    fn identity(&self) -> [u8; 32] {
        sha256_of(&[&self.kek.identity(), &self.session.identity()])
    }
}

/// A KEK's request on its way. Its output is the reply that the KEK is to see.
struct KeyCall {
    session: Rc<Session>,
    request: HttpRequest,
    stage: Stage,
    retry: Retry,
    /// Correlation id of the request for a token, should there be one.
    identity_call: String,
    renewed: bool,
}

/// What the next reply answers.
enum Stage {
    /// The caller's token source.
    Bearer,
    /// The identity service, and the request to it.
    Identity(FetchToken, Box<Request>, Fetching),
    /// Nothing: another call's token is waited for.
    Waiting(Rc<Flight>),
    /// The key service.
    Key,
}

impl KeyCall {
    /// Sends the key request if a token is at hand, else sees to one first.
    fn authorize(self, now: Timestamp) -> Step<Self> {
        let session = Rc::clone(&self.session);
        self.go_on(session.pass(now))
    }

    fn go_on(mut self, pass: Pass<'_>) -> Step<Self> {
        match pass {
            Pass::Token(token) => self.send_with(token),
            Pass::Ask(source) => {
                self.stage = Stage::Bearer;
                Step::Send(self, Request::new(Call::Token(source)))
            }
            Pass::Fetch(api_key, fetching) => {
                let (fetch, request) = api_key.fetch(self.identity_call.clone());
                self.stage = Stage::Identity(fetch, request.clone(), fetching);
                Step::Send(self, request)
            }
            Pass::Wait(flight) => {
                self.stage = Stage::Waiting(flight);
                Step::Send(self, Request::after(LOOK_AGAIN, Call::Wait))
            }
        }
    }

    fn send_with(mut self, token: Rc<Secret>) -> Step<Self> {
        self.request.bearer = Some(token);
        self.send(Duration::ZERO)
    }

    fn send(mut self, delay: Duration) -> Step<Self> {
        self.stage = Stage::Key;
        let call = Call::Http(self.request.clone());
        Step::Send(self, Request::after(delay, call))
    }

    fn key_reply(mut self, reply: Result<Response, Unreachable>, now: Timestamp) -> Step<Self> {
        let refused = matches!(&reply, Ok(Response::Http(response)) if response.status == 401);
        if refused && !self.renewed && self.session.can_renew() {
            // The token may have died early, for instance with the server's keys; a second 401 is the answer.
            self.renewed = true;
            if let Some(token) = self.request.bearer.take() {
                self.session.forget(&token);
            }
            return self.authorize(now);
        }
        match self.retry.wait(&reply, now) {
            Some(delay) => self.send(delay),
            None => Step::Done(reply),
        }
    }
}

impl Operation for KeyCall {
    type Output = Result<Response, Unreachable>;

    fn resume(mut self, reply: Result<Response, Unreachable>, now: Timestamp) -> Result<Step<Self>, Error> {
        match core::mem::replace(&mut self.stage, Stage::Key) {
            Stage::Key => Ok(self.key_reply(reply, now)),
            Stage::Bearer => match reply {
                Ok(Response::Token(token)) => Ok(self.send_with(Rc::new(token))),
                _ => Err(Error::TokenCallback),
            },
            Stage::Waiting(flight) => {
                let session = Rc::clone(&self.session);
                Ok(self.go_on(session.pass_after(&flight, now)?))
            }
            Stage::Identity(fetch, request, fetching) => {
                if let Some(delay) = self.retry.wait(&reply, now) {
                    self.stage = Stage::Identity(fetch, request.clone(), fetching);
                    return Ok(Step::Send(self, Request::after(delay, request.call)));
                }
                let token = fetch.finish(reply, now);
                let token = self.session.fetched(fetching, token, now)?;
                Ok(self.send_with(token))
            }
        }
    }
}
