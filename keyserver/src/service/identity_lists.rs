//! Lists of service IDs and API keys, ordered and cut into pages alike.
//!
//! *Invariant:* the order is total, so that no entry is on two pages or on none while nothing changes.

use jiff::Timestamp;

/// What a list request asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listing {
    /// How many at most.
    pub(crate) limit: usize,
    /// How many to leave out first.
    pub(crate) offset: usize,
    /// By what.
    pub(crate) by: ListedBy,
    /// The other way round.
    pub(crate) descending: bool,
}

/// What entries can be ordered by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ListedBy {
    /// When they were made.
    Created,
    /// When they were changed last.
    Modified,
    /// Name.
    Name,
}

/// Part of a list.
pub(crate) struct Listed<T> {
    /// The entries.
    pub(crate) entries: Vec<T>,
    /// What was asked for.
    pub(crate) listing: Listing,
    /// How many there are in all.
    pub(crate) total: usize,
}

impl Listing {
    /// Cuts the page out of all entries, which are in the order of their making; `key` tells name and last change.
    pub(super) fn cut<T>(self, mut all: Vec<T>, key: impl Fn(&T) -> (String, Timestamp)) -> Listed<T> {
        match self.by {
            ListedBy::Created => (),
            ListedBy::Modified => all.sort_by_key(|entry| key(entry).1),
            ListedBy::Name => all.sort_by_key(|entry| key(entry).0),
        }
        if self.descending {
            all.reverse();
        }
        let total = all.len();
        let entries = all.into_iter().skip(self.offset).take(self.limit).collect();
        Listed { entries, listing: self, total }
    }
}
