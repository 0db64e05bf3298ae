//! One call to the key service, with its token and its repeats.
//!
//! *Invariant:* a token that the service refused is asked for anew once, never in a loop.

use std::cell::RefCell;
use std::rc::Rc;

use crate::auth::{AccessToken, Auth, FetchToken};
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::operation::{Call, HttpRequest, Operation, Pending, Request, Response, Step, Unreachable};
use crate::secret::Secret;
use crate::time::{Duration, Timestamp};

use super::retry::Retry;

/// A client's identity and its current token.
pub(super) struct Session {
    auth: Auth,
    token: RefCell<Option<AccessToken>>,
}

impl Session {
    pub(super) fn new(auth: Auth) -> Self {
        Self { auth, token: RefCell::new(None) }
    }

    /// Starts a KEK's operation: nothing to do if it is done, else its request goes out with a token.
    pub(super) fn start<T: 'static>(
        self: &Rc<Self>,
        step: Step<Pending<T>>,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Step<KeyCall<T>>, Error> {
        match step {
            Step::Done(output) => Ok(Step::Done(output)),
            Step::Send(kek, Request { call: Call::Http(request), .. }) => {
                let retry = Retry::new(random(entropy)?, now);
                let call = KeyCall { session: Rc::clone(self), kek, request, stage: Stage::Key, retry, renewed: false };
                Ok(call.authorize(now))
            }
            Step::Send(_, Request { call: Call::Token, .. }) => Err(Error::Internal("a KEK asks for no token")),
        }
    }

    fn fresh_token(&self, now: Timestamp) -> Option<Rc<Secret>> {
        self.token.borrow().as_ref().filter(|token| token.is_fresh(now)).map(|token| Rc::clone(&token.value))
    }
}

/// A KEK's request on its way.
pub(super) struct KeyCall<T> {
    session: Rc<Session>,
    kek: Pending<T>,
    request: HttpRequest,
    stage: Stage,
    retry: Retry,
    renewed: bool,
}

/// What the next reply answers.
enum Stage {
    /// The caller's token source.
    Bearer,
    /// The identity service, and the request to it.
    Identity(FetchToken, Request),
    /// The key service.
    Key,
}

impl<T: 'static> KeyCall<T> {
    /// Sends the key request if a token is at hand, else asks for one first.
    fn authorize(mut self, now: Timestamp) -> Step<Self> {
        match &self.session.auth {
            Auth::None => self.send(Duration::ZERO),
            Auth::Bearer => {
                self.stage = Stage::Bearer;
                Step::Send(self, Request::new(Call::Token))
            }
            Auth::ApiKey(api_key) => match self.session.fresh_token(now) {
                Some(token) => self.send_with(token),
                None => {
                    let (fetch, request) = api_key.fetch();
                    self.stage = Stage::Identity(fetch, request.clone());
                    Step::Send(self, request)
                }
            },
        }
    }

    fn send_with(mut self, token: Rc<Secret>) -> Step<Self> {
        self.request.bearer = Some(token);
        self.send(Duration::ZERO)
    }

    fn send(mut self, delay: Duration) -> Step<Self> {
        self.stage = Stage::Key;
        let call = Call::Http(self.request.clone());
        Step::Send(self, Request { delay, ..Request::new(call) })
    }

    fn key_reply(mut self, reply: Result<Response, Unreachable>, now: Timestamp) -> Result<Step<Self>, Error> {
        let refused = matches!(&reply, Ok(Response::Http(response)) if response.status == 401);
        if refused && !self.renewed && matches!(self.session.auth, Auth::ApiKey(_)) {
            // The token may have died early, for instance with the server's keys; a second 401 is the answer.
            self.renewed = true;
            self.session.token.borrow_mut().take();
            return Ok(self.authorize(now));
        }
        if let Some(delay) = self.retry.wait(&reply, now) {
            return Ok(self.send(delay));
        }
        match self.kek.resume(reply, now)? {
            Step::Done(output) => Ok(Step::Done(output)),
            Step::Send(..) => Err(Error::Internal("a KEK takes one call")),
        }
    }
}

impl<T: 'static> Operation for KeyCall<T> {
    type Output = T;

    fn resume(mut self, reply: Result<Response, Unreachable>, now: Timestamp) -> Result<Step<Self>, Error> {
        match std::mem::replace(&mut self.stage, Stage::Key) {
            Stage::Key => self.key_reply(reply, now),
            Stage::Bearer => match reply {
                Ok(Response::Token(token)) => Ok(self.send_with(Rc::new(token))),
                Ok(Response::Http(_)) | Err(Unreachable) => Err(Error::TokenCallback),
            },
            Stage::Identity(fetch, request) => {
                if let Some(delay) = self.retry.wait(&reply, now) {
                    self.stage = Stage::Identity(fetch, request.clone());
                    return Ok(Step::Send(self, Request { delay, ..request }));
                }
                match fetch.resume(reply, now)? {
                    Step::Done(token) => {
                        let value = Rc::clone(&token.value);
                        self.session.token.replace(Some(token));
                        Ok(self.send_with(value))
                    }
                    Step::Send(..) => Err(Error::Internal("a token takes one call")),
                }
            }
        }
    }
}
