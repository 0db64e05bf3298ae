//! What another key service, which holds the keys of this one, can do wrong.
//!
//! *Invariant:* a fault is told in words for the caller of this server; what the other service said goes to the log only.

/// A call to the upstream key service that gave nothing to work with.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub(crate) struct UpstreamError {
    /// What it was.
    pub(crate) fault: Fault,
    /// Id of the call, by which the operator of the upstream finds it.
    pub(crate) correlation: Option<String>,
    /// For the log.
    pub(crate) detail: String,
}

/// What went wrong, and so whether it helps to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// No connection, or one that broke.
    #[error("The key service that holds this key cannot be reached now: try again later")]
    Unreachable,
    /// No answer in time.
    #[error("The key service that holds this key did not answer in time: try again later")]
    TimedOut,
    /// It says itself that it failed.
    #[error("The key service that holds this key reports a failure of its own: try again later")]
    Failing {
        /// Seconds to wait, if it says so.
        retry_after: Option<u32>,
    },
    /// It wants to be asked less often.
    #[error("The key service that holds this key takes no more requests now: try again later")]
    Throttled {
        /// Seconds to wait, as it says.
        retry_after: u32,
    },
    /// As many calls are under way as there may be.
    #[error("Too many requests wait for the key service that holds this key: try again later")]
    Busy {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// It failed so often that it is left alone for a while.
    #[error("The key service that holds this key failed repeatedly and is not asked for a moment: try again later")]
    Paused {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// No token for the gateway's API key.
    #[error(
        "The key service that holds this key does not accept the API key of this gateway: ask the operator of this server"
    )]
    CredentialRefused,
    /// A fresh token, and still no access.
    #[error("This gateway has no access to this key at the key service that holds it: ask the operator of this server")]
    AccessRefused,
    /// The key is not there.
    #[error("The key service that holds this key does not know it any more: ask the operator of this server")]
    KeyMissing,
    /// The key is disabled or expired there.
    #[error("Key is not in a valid state at the key service that holds it")]
    KeyInactive,
    /// The key is deleted there.
    #[error("Key has been deleted at the key service that holds it, where it can be restored for 30 days")]
    KeyDeleted,
    /// Rotated there less than an hour ago.
    #[error(
        "The key was rotated less than an hour ago at the key service that holds it: it can be rotated once an hour"
    )]
    RotationTooSoon,
    /// Any other refusal.
    #[error("The key service that holds this key refuses the request: ask the operator of this server")]
    Refused,
    /// An answer that is not of the API.
    #[error("The key service that holds this key gave an answer that cannot be read: ask the operator of this server")]
    Malformed,
    /// An answer longer than any legal one.
    #[error("The key service that holds this key gave an answer that is too large: ask the operator of this server")]
    TooLarge,
    /// A legible answer that cannot be true.
    #[error("The key service that holds this key gave an answer that cannot be right: ask the operator of this server")]
    Wrong,
}

impl Fault {
    /// Seconds after which it is worth asking again, where that is known.
    pub(crate) const fn retry_after(self) -> Option<u32> {
        match self {
            Self::Throttled { retry_after } | Self::Busy { retry_after } | Self::Paused { retry_after } => {
                Some(retry_after)
            }
            Self::Failing { retry_after } => retry_after,
            _ => None,
        }
    }
}
