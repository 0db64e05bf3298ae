//! Lists of keys.
//!
//! *Invariant:* a list stays inside the grant's instance and reach, and never reads more keys than one page or one search may
//! hold.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    error::Error,
    iam::grant::Grant,
    keys::{
        key::Key,
        listing::{filter::Term, search::Search, sort::Step},
        ring::RingId,
    },
};

/// Which keys a list shows.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    /// Only in this ring.
    pub(crate) ring: Option<RingId>,
    /// All of these hold.
    pub(crate) terms: Vec<Term>,
    /// The moment at which states are judged.
    pub(crate) now: Timestamp,
}

/// Part of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// How many at most.
    pub(crate) limit: u32,
    /// How many to leave out first.
    pub(crate) offset: u32,
}

/// A list of keys to be read.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    /// Which keys.
    pub(crate) filter: Filter,
    /// Of those, the ones that this finds; what it looks up directly comes first.
    pub(crate) search: Option<Search>,
    /// By id if it is empty.
    pub(crate) order: Vec<Step>,
    /// Part of what is left.
    pub(crate) page: Page,
}

/// A page of keys.
#[derive(Debug)]
pub(crate) struct Found {
    /// The page.
    pub(crate) keys: Vec<Key>,
    /// Whether there were too many keys to search, so that only the one is shown that was looked up directly.
    pub(crate) incomplete: bool,
}

/// Keys, many at a time.
#[async_trait]
pub(crate) trait KeyLists: Send + Sync {
    /// A page of the keys that the grant reaches; [`Error::SearchTooBroad`] if there are more to search than
    /// [`crate::keys::listing::search::MAX_SEARCHED`].
    async fn keys(&self, grant: &Grant, listing: Listing) -> Result<Found, Error>;
    /// How many keys the grant reaches.
    async fn count_keys(&self, grant: &Grant, filter: Filter) -> Result<u64, Error>;
}
