//! Aliases, and the two ways a request can name a key.
//!
//! *Invariant:* no alias can be mistaken for a key id or for a path segment with a meaning of its own.

use uuid::Uuid;

use crate::{error::Error, keys::key::KeyId};

const RESERVED: [&str; 16] = [
    "allowed_ip",
    "key",
    "keys",
    "metadata",
    "policy",
    "policies",
    "registration",
    "registrations",
    "ring",
    "rings",
    "rotate",
    "wrap",
    "unwrap",
    "rewrap",
    "version",
    "versions",
];

/// Aliases of one key.
pub(crate) const MAX_ALIASES: usize = 5;

/// A human name of a key, unique within its instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Alias(String);

impl Alias {
    /// One of the `aliases` of a body.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_field("aliases", text)
    }

    /// 2 to 90 of `A–Z a–z 0–9 - _`, not a UUID and not a reserved word; `field` is what the caller has written it in.
    pub(crate) fn parse_field(field: &'static str, text: &str) -> Result<Self, Error> {
        let legal = (2..=90).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !RESERVED.contains(&text)
            && Uuid::try_parse(text).is_err();
        if !legal {
            return Err(Error::InvalidField {
                name: field,
                why: "an alias has 2 to 90 letters, digits, `-` or `_`, and is neither a UUID nor a reserved word",
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The alias as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a path can name a key by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum KeyRef {
    /// Its id.
    Id(KeyId),
    /// One of its aliases.
    Alias(Alias),
}

impl KeyRef {
    /// A UUID or an alias; a word that can be neither names no key.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        match Uuid::try_parse(text) {
            Ok(id) => Ok(Self::Id(KeyId(id))),
            Err(_) if RESERVED.contains(&text) => Err(Error::KeyNotFound),
            Err(_) => Alias::parse(text)
                .map(Self::Alias)
                .map_err(|_| Error::InvalidField { name: "id", why: "not the id of a key and not an alias" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_keep_to_their_alphabet_and_length() {
        for good in ["ab", "Invoices_2026", "a-b", &"x".repeat(90)] {
            assert!(Alias::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "a", "two words", "käse", "a/b", &"x".repeat(91), "rings", "5a0c2c1e-7d0e-4b57-9d52-3b6a4f0f7c11"]
        {
            assert!(Alias::parse(bad).is_err(), "{bad}");
        }
    }
}
