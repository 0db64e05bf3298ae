//! Work that needs replies from outside, as values: the core asks, the host does.
//!
//! *Invariant:* nothing here sends, waits or reads a clock; a reply can be given to an operation only once.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::codec::hex;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::secret::Secret;
use crate::time::{Duration, Timestamp};

/// What an operation wants next.
#[derive(Debug)]
pub enum Step<Op: Operation> {
    /// Do this, then call [`Operation::resume`] with what came of it.
    Send(Op, Box<Request>),
    /// The operation is over.
    Done(Op::Output),
}

/// Work that goes on with each reply. `resume` takes the operation, so an old or doubled reply has nothing to go to.
pub trait Operation: Sized {
    /// What comes out in the end.
    type Output;

    /// Goes on with the reply to the last request. `now` is the time at which the reply came.
    ///
    /// # Errors
    /// Whatever ends the operation without an output.
    fn resume(self, reply: Result<Response, Unreachable>, now: Timestamp) -> Result<Step<Self>, Error>;
}

/// Longest answer that is read, bytes: answers of key and identity services have well under 10 kB.
pub(crate) const LONGEST_REPLY: usize = 64 * 1024;
/// How long an answer may take; services answer within milliseconds, so more is an outage.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request to the host, to be done after `delay`. A retry is just a later request.
#[derive(Debug, Clone)]
pub struct Request {
    /// How long to wait first.
    pub delay: Duration,
    /// How long the answer to an HTTP call may take; after that it counts as [`Unreachable`].
    pub patience: Duration,
    /// What to do.
    pub call: Call,
}

impl Request {
    /// A request to be done at once.
    pub(crate) fn new(call: Call) -> Box<Self> {
        Self::after(Duration::ZERO, call)
    }

    /// A request to be done after a while.
    pub(crate) fn after(delay: Duration, call: Call) -> Box<Self> {
        Box::new(Self { delay, patience: PATIENCE, call })
    }
}

/// A new correlation id: a version 4 UUID (RFC 9562 section 5.4).
pub(crate) fn correlation_id(entropy: &mut dyn Entropy) -> Result<String, Error> {
    let mut bytes: [u8; 16] = random(entropy)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

/// What the host can be asked to do.
#[derive(Debug, Clone)]
pub enum Call {
    /// Send this over HTTP, without following redirects.
    Http(HttpRequest),
    /// Ask this token source of the caller for a bearer token.
    Token(Handle),
    /// Wrap this key by AES-KW under a key that the platform holds.
    WrapKey {
        /// The platform's key.
        kek: Handle,
        /// The key to wrap.
        key: Rc<Secret>,
    },
    /// Unwrap by AES-KW under a key that the platform holds.
    UnwrapKey {
        /// The platform's key.
        kek: Handle,
        /// The wrapped key.
        wrapped: Vec<u8>,
    },
    /// Nothing: the request is its delay.
    Wait,
}

/// Something that only the host can hold, for instance a token source, by the number it gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle(pub u32);

/// An HTTP POST. `Debug` shows neither body nor token.
#[derive(Clone)]
pub struct HttpRequest {
    /// Absolute URL.
    pub url: String,
    /// Headers, without `Authorization`.
    pub headers: Vec<(&'static str, String)>,
    /// Goes into `Authorization: Bearer …`.
    pub bearer: Option<Rc<Secret>>,
    /// Body; empty for none.
    pub body: Rc<Secret>,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("url", &self.url).field("headers", &self.headers).finish_non_exhaustive()
    }
}

/// What came of a request.
#[derive(Debug)]
pub enum Response {
    /// An HTTP answer, whatever its status.
    Http(HttpResponse),
    /// A bearer token of the caller.
    Token(Secret),
    /// A key, wrapped or unwrapped.
    Bytes(Secret),
    /// The delay is over.
    Waited,
}

/// An HTTP answer.
#[derive(Debug)]
pub struct HttpResponse {
    /// Status code; 0 where the platform hides it (a redirect in a browser).
    pub status: u16,
    /// Header `Correlation-Id`.
    pub correlation_id: Option<String>,
    /// Header `Retry-After`, as it came.
    pub retry_after: Option<String>,
    /// Body.
    pub body: Secret,
}

/// No answer came in time: network, name, TLS or a browser's cross-origin check; or the token source or the platform's
/// key failed.
#[derive(Debug, Clone, Copy)]
pub struct Unreachable;

/// An operation whose kind is forgotten, so that providers of different kinds stand in one list.
pub struct Pending<T>(Box<Resume<T>>);

/// What is done with the reply.
type Resume<T> = dyn FnOnce(Result<Response, Unreachable>, Timestamp) -> Result<Step<Pending<T>>, Error>;

impl<T> Pending<T> {
    /// An operation that is nothing but what it does with the reply.
    pub(crate) fn new(
        resume: impl FnOnce(Result<Response, Unreachable>, Timestamp) -> Result<Step<Self>, Error> + 'static,
    ) -> Self {
        Self(Box::new(resume))
    }
}

impl<T> Operation for Pending<T> {
    type Output = T;

    fn resume(self, reply: Result<Response, Unreachable>, now: Timestamp) -> Result<Step<Self>, Error> {
        (self.0)(reply, now)
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending(..)")
    }
}

impl<Op: Operation + 'static> Step<Op> {
    /// The same step with the operation's kind forgotten.
    pub fn erase(self) -> Step<Pending<Op::Output>> {
        match self {
            Self::Send(operation, request) => {
                Step::Send(Pending::new(|reply, now| Ok(operation.resume(reply, now)?.erase())), request)
            }
            Self::Done(output) => Step::Done(output),
        }
    }

    /// Goes on with `next` when this is over, whether with an output or a failure.
    ///
    /// # Errors
    /// Those of `next`.
    pub fn then<U: 'static>(
        self,
        now: Timestamp,
        next: impl FnOnce(Result<Op::Output, Error>, Timestamp) -> Result<Step<Pending<U>>, Error> + 'static,
    ) -> Result<Step<Pending<U>>, Error> {
        match self {
            Self::Done(output) => next(Ok(output), now),
            Self::Send(operation, request) => {
                let resume = |reply, now| match operation.resume(reply, now) {
                    Ok(step) => step.then(now, next),
                    Err(error) => next(Err(error), now),
                };
                Ok(Step::Send(Pending::new(resume), request))
            }
        }
    }
}
