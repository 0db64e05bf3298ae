//! Access tokens for the key service.
//!
//! *Invariant:* a token is only ever sent to the configured endpoint; where it is kept is not decided here.

mod iam;

pub use iam::ApiKey;
pub(crate) use iam::FetchToken;

use std::rc::Rc;

use crate::secret::Secret;
use crate::time::{Duration, Timestamp};

/// How the caller shows who it is.
#[derive(Debug)]
pub enum Auth {
    /// The KEK needs no service.
    None,
    /// The host asks the caller for a token at every key call.
    Bearer,
    /// An API key, exchanged for tokens. For servers: a browser must not hold one.
    ApiKey(ApiKey),
}

/// An access token and its time.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    pub(crate) value: Rc<Secret>,
    refresh_at: Timestamp,
}

impl AccessToken {
    /// A token that lives `lifetime` from `now`; it counts as old after four fifths of that.
    pub(crate) fn new(value: Secret, lifetime: Duration, now: Timestamp) -> Self {
        Self { value: Rc::new(value), refresh_at: now.plus(lifetime * 4 / 5) }
    }

    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.refresh_at
    }
}
