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
/// No repeat starts later than this after the operation began, of which the call may be one of several.
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
                429 | 500 | 502..=599 => response.retry_after.as_deref().and_then(|text| pause(text, now)),
                _ => return None,
            },
            Ok(Response::Token(_) | Response::Bytes(_) | Response::Waited) => return None,
            Err(Unreachable) => None,
        };
        if asked.is_some_and(|asked| asked > LONGEST_WAIT) {
            return None;
        }
        let jitter = *self.jitter.get(self.attempt)?;
        // Between half of the exponential step and all of it, on top of what the service asks for: it may have asked many
        // for the same.
        let step = FIRST_WAIT * 2u32.pow(u32::try_from(self.attempt).ok()?);
        let wait = asked.unwrap_or_default() + step / 2 + step * u32::from(jitter) / 512;
        if now.plus(wait).since(self.started) > DEADLINE {
            return None;
        }
        self.attempt += 1;
        Some(wait)
    }
}

/// What `Retry-After` asks for: a number of seconds, or a point in time.
fn pause(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Timestamp::from_http_date(text).map(|date| date.since(now)),
    }
}
