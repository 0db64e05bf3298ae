//! When to repeat a call to the key service.
//!
//! *Invariant:* decides and never sleeps; only what is safe to repeat comes here (wrap, unwrap, token).

use crate::operation::{Response, Unreachable};
use crate::time::{Duration, Timestamp};

/// Repeats after the first try.
const REPEATS: usize = 3;
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// A service that asks for a longer pause is reported to the caller instead.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// No repeat starts later than this after the first try.
const DEADLINE: Duration = Duration::from_secs(30);

/// One call's repeats so far.
#[derive(Debug)]
pub(super) struct Retry {
    started: Timestamp,
    attempt: usize,
    jitter: [u8; REPEATS],
}

impl Retry {
    /// `jitter` is random, so that many clients do not come back at once.
    pub(super) fn new(jitter: [u8; REPEATS], now: Timestamp) -> Self {
        Self { started: now, attempt: 0, jitter }
    }

    /// How long to wait before the same request again; `None` if the reply is to be taken as it is.
    pub(super) fn wait(&mut self, reply: &Result<Response, Unreachable>, now: Timestamp) -> Option<Duration> {
        let asked = match reply {
            Ok(Response::Http(response)) => match response.status {
                429 | 500 | 502..=599 => response.retry_after,
                _ => return None,
            },
            Ok(Response::Token(_) | Response::Waited) => return None,
            Err(Unreachable) => None,
        };
        let jitter = *self.jitter.get(self.attempt)?;
        // Between half of the exponential step and all of it.
        let step = FIRST_WAIT * 2u32.pow(u32::try_from(self.attempt).ok()?);
        let wait = asked.unwrap_or(step / 2 + step * u32::from(jitter) / 512);
        if wait > LONGEST_WAIT || now.plus(wait).since(self.started) > DEADLINE {
            return None;
        }
        self.attempt += 1;
        Some(wait)
    }
}
