//! Where the chain of audit events stands that a connection goes on with.
//!
//! *Invariant:* what is undone moves the head back with it. Where nobody knows whether something was undone the head is forgotten,
//! and read again in the transaction that needs it.

use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use crate::audit::chain::Position;

/// A chain that one connection appends to.
pub(crate) struct Chain {
    writer: Uuid,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// With what the work under way appended.
    head: Option<Position>,
    /// With what finished work of the transaction appended.
    kept: Option<Position>,
    durable: Option<Position>,
}

impl Chain {
    /// The chain of this writer; no other connection may append to it.
    pub(crate) fn new(writer: Uuid) -> Self {
        Self { writer, state: Mutex::default() }
    }

    /// Whose chain it is.
    pub(crate) const fn writer(&self) -> Uuid {
        self.writer
    }

    /// The last record of the transaction that is under way, if it is known without looking.
    pub(crate) fn head(&self) -> Option<Position> {
        self.with(|state| state.head)
    }

    /// A record was appended.
    pub(crate) fn moved(&self, head: Position) {
        self.with(|state| state.head = Some(head));
    }

    /// The work under way has finished.
    pub(super) fn kept(&self) {
        self.with(|state| state.kept = state.head);
    }

    /// The work under way was undone, and nothing else.
    pub(super) fn undone(&self) {
        self.with(|state| state.head = state.kept);
    }

    /// All finished work is durable.
    pub(super) fn committed(&self) {
        self.with(|state| state.durable = state.kept.or(state.durable));
    }

    /// Nobody knows whether the transaction is durable.
    pub(super) fn in_doubt(&self) {
        self.with(|state| (state.head, state.kept) = (None, None));
    }

    /// The last record that is durable.
    pub(crate) fn durable(&self) -> Option<Position> {
        self.with(|state| state.durable)
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // Nothing in here can panic half-way.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_follows_what_is_undone_and_only_that() {
        let chain = Chain::new(Uuid::from_bytes([7; 16]));
        let one = Position::start(chain.writer()).next(b"1");
        let two = one.next(b"2");
        chain.moved(one);
        chain.kept();
        chain.moved(two);
        chain.undone();
        assert_eq!((chain.head(), chain.durable()), (Some(one), None));
        chain.kept();
        chain.committed();
        assert_eq!((chain.head(), chain.durable()), (Some(one), Some(one)));
        chain.moved(two);
        chain.kept();
        chain.in_doubt();
        assert_eq!((chain.head(), chain.durable()), (None, Some(one)));
        chain.kept();
        chain.committed();
        assert_eq!(chain.durable(), Some(one));
    }
}
