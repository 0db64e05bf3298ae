//! When a call to the upstream is made again, and after how long.
//!
//! *Invariant:* what may have been done is not asked for again, unless doing it twice is harmless.

use std::time::Duration;

use hyper::{HeaderMap, header};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};

use crate::{crypto::custody::gateway::http::NoAnswer, error::upstream::Fault, keys::environment::Entropy};

/// How often one call is tried.
const TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// A caller who would have to wait longer is told to, and waits elsewhere.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A longer wait than this is not passed on as it is.
const MAX_RETRY_AFTER: i64 = 3600;

/// Whether a call may be made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Twice does what once does.
    Harmless,
    /// Twice makes two keys or two versions.
    IfNotDone,
}

/// An attempt that failed.
#[derive(Clone)]
pub(super) struct Failed {
    pub(super) fault: Fault,
    /// Whether nothing can have been done.
    pub(super) unsent: bool,
    pub(super) detail: String,
}

impl From<NoAnswer> for Failed {
    fn from(NoAnswer { fault, unsent, detail }: NoAnswer) -> Self {
        Self { fault, unsent, detail }
    }
}

impl Failed {
    /// How long to wait before the next try; `None` if there is none. `tries` have been made, and `time_left` is what is left of
    /// the caller's patience.
    pub(super) fn next_try(
        &self,
        repeat: Repeat,
        tries: u32,
        time_left: Duration,
        entropy: &dyn Entropy,
    ) -> Option<Duration> {
        let passes = matches!(
            self.fault,
            Fault::Unreachable | Fault::TimedOut | Fault::Failing { .. } | Fault::Throttled { .. }
        );
        if !passes || tries >= TRIES || !(self.unsent || repeat == Repeat::Harmless) {
            return None;
        }
        let wait = match self.fault.retry_after() {
            Some(seconds) => Duration::from_secs(seconds.into()),
            None => jitter(FIRST_WAIT * 2_u32.pow(tries - 1), entropy),
        };
        (wait <= LONGEST_WAIT && wait < time_left).then_some(wait)
    }

    /// Whether it says that the upstream does not do its work.
    pub(super) fn is_outage(&self) -> bool {
        matches!(self.fault, Fault::Unreachable | Fault::TimedOut | Fault::Failing { .. })
    }
}

/// Between half of it and all of it, so that callers who failed together do not come back together.
fn jitter(wait: Duration, entropy: &dyn Entropy) -> Duration {
    let mut random = [0; 1];
    entropy.fill(&mut random);
    wait / 2 + wait / 2 * u32::from(random[0]) / 255
}

/// Seconds to wait, from a header that says how many or until when.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<u32> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<i64>() {
        Ok(seconds) => seconds,
        Err(_) => DateTimeParser::new().parse_timestamp(text).ok()?.duration_since(now).as_secs() + 1,
    };
    u32::try_from(seconds.clamp(0, MAX_RETRY_AFTER)).ok()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;
    use crate::state::SystemEntropy;

    fn told(text: &'static str) -> Option<u32> {
        let now = "2026-01-10T09:00:00Z".parse().expect("a moment");
        retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static(text))]), now)
    }

    #[test]
    fn a_wait_is_told_in_seconds_or_by_a_date() {
        assert_eq!(told("7"), Some(7));
        assert_eq!(told("Sat, 10 Jan 2026 09:00:30 GMT"), Some(31));
        assert_eq!(told("Sat, 10 Jan 2026 08:00:00 GMT"), Some(0), "a moment that has passed");
        assert_eq!(told("999999999999"), Some(3600), "no caller waits for years");
        assert_eq!(told("-5"), Some(0));
        assert_eq!(told("soon"), None);
    }

    #[test]
    fn only_what_was_not_done_or_is_harmless_is_tried_again() {
        let next = |fault, unsent, repeat, tries| {
            let failed = Failed { fault, unsent, detail: String::new() };
            failed.next_try(repeat, tries, Duration::from_secs(9), &SystemEntropy)
        };
        let wait = next(Fault::TimedOut, false, Repeat::Harmless, 1).expect("another try");
        assert!((50..=100).contains(&wait.as_millis()), "{wait:?}");
        assert!(next(Fault::TimedOut, false, Repeat::Harmless, 3).is_none(), "tried often enough");
        assert!(next(Fault::TimedOut, false, Repeat::IfNotDone, 1).is_none());
        assert!(next(Fault::Unreachable, true, Repeat::IfNotDone, 1).is_some());
        assert!(next(Fault::KeyMissing, false, Repeat::Harmless, 1).is_none());
        let throttled = |retry_after| next(Fault::Throttled { retry_after }, true, Repeat::IfNotDone, 1);
        assert_eq!(throttled(1), Some(Duration::from_secs(1)));
        assert_eq!(throttled(60), None, "the caller waits instead");
    }
}
