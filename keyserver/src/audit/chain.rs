//! What ties events together: each record's hash covers the record before it.
//!
//! ```text
//! hash = SHA-256("envelock audit record v1" | writer, 16 bytes | sequence, u64 | hash of the record before, 32 bytes |
//!                length of the event, u64 | the event's bytes as they were stored)
//! ```
//!
//! Numbers are big-endian. Each process that appends is a writer with a chain of its own, whose records count from 1 and whose
//! first one follows 32 zero bytes, so that several servers over one database never wait for each other.
//! *Invariant:* a hash fixes all records of its writer up to it: what they say, their order, and that none is missing.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const LABEL: &[u8] = b"envelock audit record v1";

/// A SHA-256 hash; 64 lower-case hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Hash(pub(crate) [u8; 32]);

impl Hash {
    /// What the first record of a writer, and the first checkpoint, follow.
    pub(crate) const NOTHING: Self = Self([0; 32]);

    /// Of these bytes, one part after the other.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        Self::end(context)
    }

    /// Of all that was fed in.
    pub(crate) fn end(context: Context) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "a hash is 64 lower-case hexadecimal digits";
        let mut hash = [0; 32];
        base16ct::lower::decode(&text, &mut hash).map_err(|_| WRONG)?;
        if text.len() == 64 { Ok(Self(hash)) } else { Err(WRONG) }
    }
}

/// The place of a record in its writer's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Whose chain.
    pub(crate) writer: Uuid,
    /// Counted from 1; 0 before the first record.
    pub(crate) sequence: u64,
    /// The record's hash.
    pub(crate) hash: Hash,
}

impl Position {
    /// Before the first record of a writer.
    pub(crate) const fn start(writer: Uuid) -> Self {
        Self { writer, sequence: 0, hash: Hash::NOTHING }
    }

    /// The place of the record that comes next, if it is this event.
    pub(crate) fn next(&self, event: &[u8]) -> Self {
        let sequence = self.sequence + 1;
        let length = event.len() as u64;
        let hash = Hash::of(&[
            LABEL,
            self.writer.as_bytes(),
            &sequence.to_be_bytes(),
            &self.hash.0,
            &length.to_be_bytes(),
            event,
        ]);
        Self { writer: self.writer, sequence, hash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_that_other_programs_compute() {
        // From Python: hashlib.sha256(label + bytes([7] * 16) + (1).to_bytes(8) + bytes(32) + (2).to_bytes(8) + b"{}")
        let first = Position::start(Uuid::from_bytes([7; 16])).next(b"{}");
        assert_eq!(first.sequence, 1);
        assert_eq!(first.hash.to_string(), "730106dd1d74fd32c3161c1d9954e8e6c9afd25882e7565dcf920704fd5fba42");
        assert_eq!(
            first.next(b"{}").hash.to_string(),
            "6fd422a5f68a245ec9bab4b13fc9055bd4eb401a32c2d1bc697d5023699c3d7f"
        );
    }

    #[test]
    fn a_hash_is_read_as_it_is_written_and_in_no_other_way() {
        let hash = Hash::of(&[b"a"]);
        assert_eq!(Hash::try_from(hash.to_string()), Ok(hash));
        assert!(Hash::try_from(hash.to_string().to_uppercase()).is_err());
        assert!(Hash::try_from(hash.to_string()[..62].to_owned()).is_err());
        assert!(Hash::try_from(hash.to_string() + "00").is_err());
    }
}
