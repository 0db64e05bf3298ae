//! Whether the server does its work now.
//!
//! *Invariant:* one look at a time and at most one a second, however many ask: anybody may ask, and what is looked at belongs to
//! those who work with it.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::keys::environment::Clock;

/// How long a verdict counts.
const KEPT: SignedDuration = SignedDuration::from_secs(1);

/// The last verdict, and when it was found.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Timestamp, bool)>>);

impl Readiness {
    /// The verdict of a moment ago, or else that of `look`; who comes meanwhile waits for the same one.
    pub(crate) async fn of(&self, clock: &dyn Clock, look: impl Future<Output = bool>) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, verdict)) = *last
            && clock.now().duration_since(at).abs() < KEPT
        {
            return verdict;
        }
        let verdict = look.await;
        *last = Some((clock.now(), verdict));
        verdict
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    struct Moved(AtomicI64);

    impl Clock for Moved {
        fn now(&self) -> Timestamp {
            Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).expect("in range")
        }
    }

    #[tokio::test]
    async fn many_who_ask_at_once_cost_one_look_and_the_next_second_another() {
        let (readiness, clock, looks) = (Readiness::default(), Moved(AtomicI64::new(0)), AtomicUsize::new(0));
        let ask = async |verdict: bool| {
            let look = async {
                tokio::task::yield_now().await;
                looks.fetch_add(1, Ordering::SeqCst);
                verdict
            };
            readiness.of(&clock, look).await
        };
        assert!(join_all((0..100).map(|_| ask(true))).await.into_iter().all(|ready| ready));
        assert_eq!(looks.load(Ordering::SeqCst), 1);
        clock.0.store(999, Ordering::SeqCst);
        assert!(ask(false).await, "the verdict still counts");
        for moved in [1000, -5000] {
            clock.0.store(moved, Ordering::SeqCst);
            assert!(!ask(false).await, "also when the clock was put back");
        }
        assert_eq!(looks.load(Ordering::SeqCst), 3);
    }
}
