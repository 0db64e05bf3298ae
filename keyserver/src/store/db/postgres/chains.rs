//! The chains of audit events that the connections of this server append to.
//!
//! *Invariant:* a chain is appended to by one connection at a time, and by none after a commit that has no answer: what was stored of
//! it is then found out by whoever signs chains that their writers left.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

use crate::{audit::chain::Position, store::db::chain::Chain};

/// All chains of this server, as many as were ever needed at once.
pub(super) struct Chains {
    first: Uuid,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many there have been.
    named: u128,
    /// Those that nobody uses now; the one used last is used next, so that few are begun.
    free: Vec<Arc<Chain>>,
    /// Those that may be gone on with, used or not.
    known: Vec<Arc<Chain>>,
}

/// A chain in use, until this is dropped.
pub(super) struct Lease {
    chain: Arc<Chain>,
    of: Arc<Chains>,
}

impl Chains {
    /// Chains whose names count up from a random one.
    pub(super) fn new(first: Uuid) -> Arc<Self> {
        Arc::new(Self { first, state: Mutex::default() })
    }

    /// A chain for one connection.
    pub(super) fn lease(self: &Arc<Self>) -> Lease {
        let chain = self.with(|state| {
            state.free.pop().unwrap_or_else(|| {
                let writer = Uuid::from_u128(self.first.as_u128().wrapping_add(state.named));
                let chain = Arc::new(Chain::new(writer));
                state.named += 1;
                state.known.push(Arc::clone(&chain));
                chain
            })
        });
        Lease { chain, of: Arc::clone(self) }
    }

    /// The last durable record of each chain that has one.
    pub(super) fn heads(&self) -> Vec<Position> {
        self.with(|state| state.known.iter().filter_map(|chain| chain.durable()).collect())
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // Nothing in here can panic half-way.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Lease {
    /// The transaction is durable.
    pub(super) fn committed(&self) {
        self.chain.kept();
        self.chain.committed();
    }

    /// Nobody knows whether the transaction is durable: nothing is appended to this chain any more.
    pub(super) fn forget(self) {
        self.of.with(|state| state.known.retain(|chain| !Arc::ptr_eq(chain, &self.chain)));
    }
}

impl Deref for Lease {
    type Target = Chain;

    fn deref(&self) -> &Chain {
        &self.chain
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.of.with(|state| {
            if state.known.iter().any(|chain| Arc::ptr_eq(chain, &self.chain)) {
                state.free.push(Arc::clone(&self.chain));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(lease: &Lease, text: &[u8]) -> Position {
        let head = lease.head().unwrap_or_else(|| Position::start(lease.writer())).next(text);
        lease.moved(head);
        head
    }

    #[test]
    fn a_chain_has_one_user_at_a_time_and_the_one_used_last_is_used_next() {
        let chains = Chains::new(Uuid::from_u128(7));
        let (one, two) = (chains.lease(), chains.lease());
        assert_eq!((one.writer(), two.writer()), (Uuid::from_u128(7), Uuid::from_u128(8)));
        let (a, b) = (append(&one, b"1"), append(&two, b"2"));
        one.committed();
        assert_eq!(chains.heads(), [a]);
        two.committed();
        assert_eq!(chains.heads(), [a, b]);
        drop(two);
        drop(one);
        let again = chains.lease();
        assert_eq!((again.writer(), again.head()), (Uuid::from_u128(7), Some(a)));
    }

    #[test]
    fn a_chain_in_doubt_is_not_used_again() {
        let chains = Chains::new(Uuid::from_u128(7));
        let lease = chains.lease();
        append(&lease, b"1");
        lease.committed();
        append(&lease, b"stored, or not");
        lease.forget();
        assert_eq!(chains.heads(), []);
        assert_eq!(chains.lease().writer(), Uuid::from_u128(8));
    }
}
