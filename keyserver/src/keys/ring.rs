//! Key rings, as requests name them.
//!
//! *Invariant:* a ring id is short and of harmless characters, whether such a ring exists or not.

use crate::{error::Error, keys::key::DEFAULT_RING};

/// Name of a key ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RingId(String);

impl RingId {
    /// 2 to 100 of `A–Z a–z 0–9 -`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let legal =
            (2..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !legal {
            return Err(Error::InvalidField {
                name: "X-Kms-Key-Ring",
                why: "the id of a key ring has 2 to 100 letters, digits or `-`",
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the ring every key is in unless it says otherwise.
    pub(crate) fn is_default(&self) -> bool {
        self.0 == DEFAULT_RING
    }
}
