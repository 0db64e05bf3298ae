//! One piece of work that several wait for: whoever works holds the flight, everybody else a
//! [`Landing`].
//!
//! *Invariant:* a flight that is dropped has ended, too, so nobody waits for ever.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use crate::error::Error;

/// How a flight ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The work is done: what came of it is where those who wait look next.
    Done,
    /// The work failed, and would have for everybody who waits.
    Failed(Error),
    /// Whoever worked was aborted. That says nothing about the work: the next one takes over.
    GivenUp,
}

#[derive(Default)]
struct State {
    end: Option<End>,
    waiting: Vec<Waker>,
}

/// The work. There is one for each piece of work, and it ends with it.
pub(crate) struct Flight(Rc<RefCell<State>>);

/// A place to wait for the end of a flight. Does not keep the work alive.
#[derive(Clone)]
pub struct Landing(Rc<RefCell<State>>);

impl Flight {
    pub(crate) fn new() -> Self {
        Self(Rc::default())
    }

    /// Where others can wait.
    pub(crate) fn landing(&self) -> Landing {
        Landing(Rc::clone(&self.0))
    }

    /// Whether this is where those who wait for this flight wait.
    pub(crate) fn lands_at(&self, landing: &Landing) -> bool {
        Rc::ptr_eq(&self.0, &landing.0)
    }

    /// Ends the flight and wakes everybody.
    pub(crate) fn end(self, end: End) {
        self.0.borrow_mut().end = Some(end);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut state = self.0.borrow_mut();
        state.end.get_or_insert(End::GivenUp);
        let waiting = core::mem::take(&mut state.waiting);
        // A waker may run what it wakes at once, and that looks at the state.
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Future for Landing {
    type Output = End;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<End> {
        let mut state = self.0.borrow_mut();
        if let Some(end) = &state.end {
            return Poll::Ready(end.clone());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            state.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

impl fmt::Debug for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Landing(..)")
    }
}

#[cfg(test)]
mod tests {
    use core::task::Waker;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn poll(landing: &mut Landing) -> Poll<End> {
        Pin::new(landing).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn everybody_who_waits_hears_of_the_end() {
        let flight = Flight::new();
        let (mut first, mut second) = (flight.landing(), flight.landing());
        assert_eq!((poll(&mut first), poll(&mut second)), (Poll::Pending, Poll::Pending));
        flight.end(End::Failed(Error::NoMatchingKek));
        let failed = Poll::Ready(End::Failed(Error::NoMatchingKek));
        assert_eq!((poll(&mut first), poll(&mut second)), (failed.clone(), failed));
    }

    #[test]
    fn a_dropped_flight_is_given_up() {
        let flight = Flight::new();
        let mut landing = flight.landing();
        assert_eq!(poll(&mut landing), Poll::Pending);
        drop(flight);
        assert_eq!(poll(&mut landing), Poll::Ready(End::GivenUp));
    }
}
