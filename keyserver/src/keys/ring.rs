//! Key rings: groups of an instance's keys that share access rules.
//!
//! *Invariant:* a ring id is short and of harmless characters, whether such a ring exists or not.

use jiff::Timestamp;

use crate::{error::Error, keys::key::DEFAULT_RING};

/// Rings of an instance besides the default one.
pub(crate) const MAX_RINGS: u32 = 50;

/// Name of a key ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RingId(String);

impl RingId {
    /// The ring of the `X-Kms-Key-Ring` header.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_field("X-Kms-Key-Ring", text)
    }

    /// 2 to 100 of `A–Z a–z 0–9 -`; `field` is what the caller has written it in.
    pub(crate) fn parse_field(field: &'static str, text: &str) -> Result<Self, Error> {
        let legal =
            (2..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !legal {
            return Err(Error::InvalidField {
                name: field,
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

/// A ring that exists.
#[derive(Debug, Clone)]
pub(crate) struct KeyRing {
    /// Its name.
    pub(crate) id: RingId,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// IAM id of its maker; the default ring has none.
    pub(crate) created_by: Option<String>,
}
