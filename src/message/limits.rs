//! What a reader accepts of a message that nobody has vouched for yet.
//!
//! *Invariant:* the default reads what this crate writes and nothing else.

/// What a reader accepts of a header that nobody has vouched for yet.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most encrypted data keys; each may cost a call to a key service.
    pub max_edks: u16,
    /// Longest frame, bytes; a reader holds one whole frame before it can release it.
    pub max_frame_length: u32,
    /// Kinds of messages that are read beside the one that is written.
    pub accept: Accept,
}

impl Limits {
    /// Everything the format has, of any size: for looking at headers.
    pub const NONE: Self = Self { max_edks: u16::MAX, max_frame_length: u32::MAX, accept: Accept::EVERYTHING };
}

impl Default for Limits {
    /// 10 encrypted data keys; frames of 16 MiB; nothing but what is written.
    fn default() -> Self {
        Self { max_edks: 10, max_frame_length: 16 * 1024 * 1024, accept: Accept::NOTHING }
    }
}

/// Kinds of messages that are read only when asked for by name: for old data, and data of other writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accept {
    /// Suites with a signature. Such a message opens only as a whole, as its signature stands at its end.
    pub signed: bool,
    /// Version 1. It does not commit to a key: whoever holds two data keys can make one message that opens to one
    /// plaintext under the first and to another under the second.
    pub version_1: bool,
    /// Bodies that are one block instead of frames, up to this many bytes of plaintext, which are all held in memory
    /// before any is released. `None` refuses them.
    pub non_framed: Option<u32>,
}

impl Accept {
    /// Only what is written: version 2, unsigned, framed.
    pub const NOTHING: Self = Self { signed: false, version_1: false, non_framed: None };
    /// All kinds, of any size.
    pub const EVERYTHING: Self = Self { signed: true, version_1: true, non_framed: Some(u32::MAX) };
}
