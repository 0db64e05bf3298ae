//! Access tokens for the key service.
//!
//! *Invariant:* a token is only ever sent to the configured endpoint; where it is kept is not decided here.

mod iam;

pub use iam::ApiKey;
pub(crate) use iam::FetchToken;

use alloc::rc::Rc;

use crate::crypto::kdf::sha256_of;
use crate::operation::Handle;
use crate::secret::Secret;
use crate::time::{Duration, Timestamp};

/// How the caller shows a key service who it is.
#[derive(Debug)]
pub enum Auth {
    /// The host asks this token source of the caller at every key call.
    Bearer(Handle),
    /// An API key, exchanged for tokens. For servers: a browser must not hold one.
    ApiKey(ApiKey),
}

impl Auth {
    /// Names who is authenticated, by a digest.
    pub(crate) fn identity(&self) -> [u8; 32] {
        match self {
            Self::Bearer(source) => sha256_of(&[b"bearer", &source.0.to_be_bytes()]),
            Self::ApiKey(key) => key.identity(),
        }
    }
}

/// An access token and its times.
#[derive(Debug)]
pub(crate) struct AccessToken {
    pub(crate) value: Rc<Secret>,
    refresh_at: Timestamp,
    dies_at: Timestamp,
}

impl AccessToken {
    /// A token that lives `lifetime` from `now`; it counts as old after four fifths of that.
    pub(crate) fn new(value: Secret, lifetime: Duration, now: Timestamp) -> Self {
        Self { value: Rc::new(value), refresh_at: now.plus(lifetime * 4 / 5), dies_at: now.plus(lifetime) }
    }

    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.refresh_at
    }

    /// Whether the service still takes it, as far as its lifetime says.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        now < self.dies_at
    }
}
