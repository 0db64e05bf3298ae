//! The encryption context: public text pairs bound to a message and to the wrap of its data key.
//!
//! *Invariant:* pairs are unique and there is one serialization, sorted by the UTF-8 bytes of the keys
//! (`message-format` section 4 of the AWS Encryption SDK, "Encryption Context").

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::{Reader, Stop, put_field};
use crate::error::Error;

/// Keys with this prefix belong to the format.
const RESERVED: &str = "aws-crypto-";
/// Holds the public key of a signed message; the one reserved key in use.
const PUBLIC_KEY: &str = "aws-crypto-public-key";

/// Public key-value text pairs, at most 65535 bytes serialized. Not secret: no credentials, no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    /// A context for sealing, or the pairs expected when opening.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a reserved key (`aws-crypto-…`) or more than 65535 bytes in all.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let mut sorted = BTreeMap::new();
        for (key, value) in pairs {
            sorted.insert(key, value);
        }
        if let Some(key) = sorted.keys().find(|key| key.starts_with(RESERVED)) {
            let problem = format!("the key \"{key}\" is reserved: {RESERVED}… belongs to the format");
            return Err(Error::argument("context", &problem));
        }
        let context = Self(sorted);
        if context.serialize()?.len() > u16::MAX.into() {
            return Err(Error::argument("context", "longer than 65535 bytes in all: shorten or drop pairs"));
        }
        Ok(context)
    }

    /// The pairs, sorted by key.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Checks that every pair of `expected` is here with the same value; more pairs may be here.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`] naming the first pair that is missing or different.
    pub fn require(&self, expected: &Self) -> Result<(), Error> {
        match expected.0.iter().find(|(key, value)| self.0.get(*key) != Some(value)) {
            None => Ok(()),
            Some((key, _)) => Err(Error::ContextMismatch { key: key.clone() }),
        }
    }

    /// The public key of a signed message, as text.
    pub(crate) fn public_key(&self) -> Option<&str> {
        self.0.get(PUBLIC_KEY).map(String::as_str)
    }

    /// Takes the pairs of `more` that are not here, and gives them alone.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`] if one is here with another value.
    pub(crate) fn extend(&mut self, more: &Self) -> Result<Self, Error> {
        let mut added = Self::default();
        for (key, value) in &more.0 {
            match self.0.get(key) {
                Some(here) if here == value => {}
                Some(_) => return Err(Error::ContextMismatch { key: key.clone() }),
                None => {
                    self.0.insert(key.clone(), value.clone());
                    added.0.insert(key.clone(), value.clone());
                }
            }
        }
        Ok(added)
    }

    /// Count and pairs, without an outer length; no bytes for an empty context.
    pub(crate) fn serialize(&self) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        if self.0.is_empty() {
            return Ok(out);
        }
        let count = u16::try_from(self.0.len()).map_err(|_| Error::argument("context", "more than 65535 pairs"))?;
        out.extend_from_slice(&count.to_be_bytes());
        for (key, value) in &self.0 {
            put_field(&mut out, key.as_bytes(), "context key")?;
            put_field(&mut out, value.as_bytes(), "context value")?;
        }
        Ok(out)
    }

    /// Reads the block of a header. Pairs may come in any order, as published messages have it.
    pub(crate) fn parse(block: &[u8]) -> Result<Self, Error> {
        if block.is_empty() {
            return Ok(Self::default());
        }
        Self::parse_pairs(block).map_err(|stop| match stop {
            Stop::Short(_) => Error::Malformed("encryption context: a pair runs past the end of the block"),
            Stop::Bad(error) => error,
        })
    }

    fn parse_pairs(block: &[u8]) -> Result<Self, Stop> {
        let mut reader = Reader::new(block);
        let count = reader.u16()?;
        if count == 0 {
            return Err(Error::Malformed("encryption context: a block without pairs").into());
        }
        let mut pairs = BTreeMap::new();
        for _ in 0..count {
            let key = text(reader.field()?)?;
            let value = text(reader.field()?)?;
            if key.starts_with(RESERVED) && key != PUBLIC_KEY {
                return Err(Error::Malformed("encryption context: a reserved key that the format does not have").into());
            }
            if pairs.insert(key, value).is_some() {
                return Err(Error::Malformed("encryption context: a key occurs twice").into());
            }
        }
        if !reader.is_at_end() {
            return Err(Error::Malformed("encryption context: bytes after the last pair").into());
        }
        Ok(Self(pairs))
    }
}

fn text(bytes: &[u8]) -> Result<String, Error> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::Malformed("encryption context: not UTF-8"))
}
