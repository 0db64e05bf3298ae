//! Several steps one after the other: until one succeeds, or all of them.
//!
//! *Invariant:* every step was started before the first is sent, so nothing here needs randomness.

use alloc::vec::Vec;

use crate::context::EncryptionContext;
use crate::entropy::Entropy;
use crate::error::{Error, Fault, ServiceFault};
use crate::keys::Edk;
use crate::operation::{Pending, Step};
use crate::time::Timestamp;

use super::{Kek, Unwrapping};

/// Ways to one data key, in the order in which they are tried.
#[derive(Default)]
pub(super) struct Attempts {
    untried: Vec<Unwrapping>,
    failure: Option<Error>,
}

impl Attempts {
    /// Adds what a KEK made of an entry.
    pub(super) fn add(&mut self, attempt: Result<Option<Unwrapping>, Error>) {
        match attempt {
            Ok(step) => self.untried.extend(step),
            Err(error) => self.fail(error),
        }
    }

    /// The first that succeeds wins; `None` if no KEK knew any of the entries.
    ///
    /// # Errors
    /// The most useful failure, if none succeeds.
    pub(super) fn start(mut self, now: Timestamp) -> Result<Option<Unwrapping>, Error> {
        if self.untried.is_empty() && self.failure.is_none() {
            return Ok(None);
        }
        self.untried.reverse();
        self.try_next(now).map(Some)
    }

    fn try_next(mut self, now: Timestamp) -> Result<Unwrapping, Error> {
        let Some(step) = self.untried.pop() else {
            return Err(self.failure.unwrap_or(Error::NoMatchingKek));
        };
        step.then(now, |unwrapped, now| match unwrapped {
            Ok(unwrapped) => Ok(Step::Done(unwrapped)),
            Err(error) => {
                self.fail(error);
                self.try_next(now)
            }
        })
    }

    /// Keeps the more useful of two failures, of equals the first.
    fn fail(&mut self, error: Error) {
        if self.failure.as_ref().is_none_or(|kept| usefulness(kept) < usefulness(&error)) {
            self.failure = Some(error);
        }
    }
}

/// How much a failure helps to get the message open: something that can be mended says more than a key that is gone,
/// and that more than a key that is not the right one.
fn usefulness(error: &Error) -> u8 {
    match error {
        Error::Service(service) => match service.kind {
            ServiceFault::WrappedKeyRefused => 0,
            ServiceFault::KeyDeleted | ServiceFault::KeyNotFound => 1,
            ServiceFault::ApiKeyRefused
            | ServiceFault::AccessDenied
            | ServiceFault::KeyDisabled
            | ServiceFault::NotARootKey
            | ServiceFault::RateLimited
            | ServiceFault::Failed
            | ServiceFault::Refused
            | ServiceFault::Unreachable
            | ServiceFault::BadReply => 2,
        },
        error => match error.fault() {
            Fault::Data => 0,
            Fault::Caller | Fault::Service | Fault::Bug => 2,
        },
    }
}

/// Tries to unwrap `edks` in their order. The first that unwraps wins; `None` if none is an entry of `kek`.
///
/// # Errors
/// If none unwraps, the most useful failure of all: one that can be mended before one of a wrong key.
pub(crate) fn unwrap_first(
    kek: &dyn Kek,
    edks: &[Edk],
    context: &EncryptionContext,
    entropy: &mut dyn Entropy,
    now: Timestamp,
) -> Result<Option<Unwrapping>, Error> {
    let mut attempts = Attempts::default();
    for edk in edks {
        attempts.add(kek.unwrap(edk, context, entropy, now));
    }
    attempts.start(now)
}

/// Takes all steps, one after the other; the outputs in their order.
///
/// # Errors
/// The first failure, which ends it.
pub(crate) fn all<T: 'static>(
    mut steps: Vec<Step<Pending<T>>>,
    now: Timestamp,
) -> Result<Step<Pending<Vec<T>>>, Error> {
    steps.reverse();
    take_next(steps, Vec::new(), now)
}

fn take_next<T: 'static>(
    mut untaken: Vec<Step<Pending<T>>>,
    mut outputs: Vec<T>,
    now: Timestamp,
) -> Result<Step<Pending<Vec<T>>>, Error> {
    match untaken.pop() {
        None => Ok(Step::Done(outputs)),
        Some(step) => step.then(now, |output, now| {
            outputs.push(output?);
            take_next(untaken, outputs, now)
        }),
    }
}
