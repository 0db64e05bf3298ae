//! What the cache did, in numbers.
//!
//! *Invariant:* a number only grows, but for the count of entries.

/// Why a data key was not at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    Absent,
    Expired,
    Lease,
    MessageLimit,
    ByteLimit,
    Evicted,
}

/// Lookups that needed a key call of their own, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Misses {
    /// The data key was never there, or so long ago that the reason is forgotten.
    pub absent: u64,
    /// It was older than the cache keeps one.
    pub expired: u64,
    /// The key service had lent it for a shorter time, which was over.
    pub lease: u64,
    /// It had sealed as many messages as one may.
    pub message_limit: u64,
    /// It had sealed as many bytes as one may, or would have with this message.
    pub byte_limit: u64,
    /// It had to make room for another one, or the key service refused to renew it.
    pub evicted: u64,
}

/// What a client's cache did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Data keys that cost no key call, or none of their own.
    pub hits: u64,
    /// Lookups that needed a key call of their own.
    pub misses: Misses,
    /// How often one waited for a key call that another had begun; it then counts as a hit, or fails with that call.
    pub joined: u64,
    /// Data keys that made room for others.
    pub evictions: u64,
    /// Data keys renewed before they were too old.
    pub refreshes: u64,
    /// Renewals that failed; the old data key stayed until its time was over, or went if the service refused.
    pub refresh_failures: u64,
    /// Data keys held now.
    pub entries: usize,
}

impl Misses {
    pub(super) fn count(&mut self, miss: Miss) {
        let number = match miss {
            Miss::Absent => &mut self.absent,
            Miss::Expired => &mut self.expired,
            Miss::Lease => &mut self.lease,
            Miss::MessageLimit => &mut self.message_limit,
            Miss::ByteLimit => &mut self.byte_limit,
            Miss::Evicted => &mut self.evicted,
        };
        *number += 1;
    }
}
