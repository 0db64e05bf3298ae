//! What a client is made of.
//!
//! *Invariant:* defaults are decided here and nowhere else.

use alloc::boxed::Box;

use crate::cache::CacheLimits;
use crate::kek::Kek;
use crate::message::{DEFAULT_FRAME_LENGTH, FrameLength, Limits};

/// A client's configuration: a KEK, and limits that have good defaults.
pub struct Config {
    pub(super) kek: Box<dyn Kek>,
    pub(super) frame_length: FrameLength,
    pub(super) limits: Limits,
    pub(super) cache: Option<CacheLimits>,
}

impl Config {
    /// A configuration for `kek`. One that talks to a service stands in [`Authorized`](super::Authorized).
    pub fn new(kek: impl Kek + 'static) -> Self {
        Self::boxed(Box::new(kek))
    }

    /// The same for a KEK whose kind was chosen at run time.
    pub fn boxed(kek: Box<dyn Kek>) -> Self {
        Self { kek, frame_length: DEFAULT_FRAME_LENGTH, limits: Limits::default(), cache: None }
    }

    /// Sets the frame length of new messages.
    #[must_use]
    pub fn frame_length(mut self, frame_length: FrameLength) -> Self {
        self.frame_length = frame_length;
        self
    }

    /// Sets what is accepted of headers that are read.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps data keys within these limits. Without it every message costs a key call, and no data key outlives it.
    #[must_use]
    pub fn cache(mut self, limits: CacheLimits) -> Self {
        self.cache = Some(limits);
        self
    }
}
