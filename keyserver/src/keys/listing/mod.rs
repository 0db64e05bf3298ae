//! What a list of keys is asked for: which ones, which of those by name, in what order.
//!
//! *Invariant:* each language is parsed once, here, into values that need no further check; an unknown word is refused, since
//! leaving it out would answer another question than the one asked.

pub(crate) mod date;
pub(crate) mod filter;
pub(crate) mod search;
pub(crate) mod sort;
