//! What a client is made of.
//!
//! *Invariant:* defaults are decided here and nowhere else.

use crate::auth::Auth;
use crate::kek::Kek;
use crate::message::{DEFAULT_FRAME_LENGTH, FrameLength, Limits};

/// A client's configuration: a KEK, and limits that have good defaults.
pub struct Config {
    pub(super) kek: Box<dyn Kek>,
    pub(super) frame_length: FrameLength,
    pub(super) limits: Limits,
    auth: Auth,
}

impl Config {
    /// A configuration for `kek`, whose service is reached with `auth`.
    pub fn new(kek: impl Kek + 'static, auth: Auth) -> Self {
        Self { kek: Box::new(kek), frame_length: DEFAULT_FRAME_LENGTH, limits: Limits::default(), auth }
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

    pub(super) fn take_auth(&mut self) -> Auth {
        std::mem::replace(&mut self.auth, Auth::None)
    }
}
