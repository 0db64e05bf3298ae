//! A trail as text: one JSON object a line, in one way of writing only.
//!
//! ```text
//! {"type":"header","format":"envelock audit export v1","account":…,"made":…,"keys":[{"fingerprint":…,"public_key":…}],"after":…}
//! {"type":"anchor",…}                       a checkpoint from before the export that a writer's records go on from
//! {"type":"record","writer":…,"sequence":…,"hash":…,"event":{…}}
//! {"type":"checkpoint","number":…,"previous":…,"writer":…,"sequence":…,"hash":…,"time":…,"key":…,"signature":…}
//! {"type":"end","digest":…,"key":…,"signature":…}
//! ```
//!
//! `event` is the last member of a record and holds the event's bytes as they were hashed. Each checkpoint follows the records
//! that it signs. `after` is the checkpoint before the first line, or `null` where the export begins with the trail.
//! *Invariant:* a line that is read is byte for byte the line that would be written, or it is refused.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::audit::{
    chain::{Hash, Position},
    checkpoint::{Checkpoint, CheckpointSigner, PublicKey, Signature},
};

/// What the header calls the format.
pub(crate) const FORMAT: &str = "envelock audit export v1";
/// Where a record's event begins.
const EVENT: &str = ",\"event\":";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// [`FORMAT`].
    pub(crate) format: String,
    /// Account id of the installation.
    pub(crate) account: String,
    /// When it was made.
    pub(crate) made: Timestamp,
    /// The keys that sign checkpoints.
    pub(crate) keys: Vec<PublishedKey>,
    /// The checkpoint that the export goes on from.
    pub(crate) after: Option<Checkpoint>,
}

/// A key that signs checkpoints, as it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishedKey {
    /// What checkpoints call it.
    pub(crate) fingerprint: Hash,
    /// Its public half.
    pub(crate) public_key: PublicKey,
}

impl From<PublicKey> for PublishedKey {
    fn from(public_key: PublicKey) -> Self {
        Self { fingerprint: public_key.fingerprint(), public_key }
    }
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// SHA-256 of all lines before, with their line feeds.
    pub(crate) digest: Hash,
    /// Fingerprint of the key that signs.
    pub(crate) key: Hash,
    /// Over [`End::text`].
    pub(crate) signature: Signature,
}

impl End {
    /// Signs everything before it.
    pub(crate) fn sign(signer: &CheckpointSigner, digest: Hash) -> Self {
        let key = signer.fingerprint();
        Self { digest, key, signature: signer.sign(&Self::text(digest, key)) }
    }

    /// What is signed.
    pub(crate) fn text(digest: Hash, key: Hash) -> String {
        format!("envelock audit export v1\ndigest {digest}\nkey {key}\n")
    }
}

/// A record without its event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    writer: Uuid,
    sequence: u64,
    hash: Hash,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Written {
    Header(Header),
    Anchor(Checkpoint),
    Record(Place),
    Checkpoint(Checkpoint),
    End(End),
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// The first one.
    Header(Header),
    /// Where a writer's records go on from.
    Anchor(Checkpoint),
    /// An event with its place.
    Record(Position, &'a str),
    /// How far a chain has come.
    Checkpoint(Checkpoint),
    /// The last one.
    End(End),
}

impl<'a> Line<'a> {
    /// Reads a line without its line feed; `None` unless it is exactly what would be written.
    pub(crate) fn read(line: &'a str) -> Option<Self> {
        let read = if line.starts_with("{\"type\":\"record\"") {
            let (place, event) = line.split_once(EVENT)?;
            let Written::Record(Place { writer, sequence, hash }) = serde_json::from_str(&format!("{place}}}")).ok()?
            else {
                return None;
            };
            Self::Record(Position { writer, sequence, hash }, event.strip_suffix('}')?)
        } else {
            match serde_json::from_str(line).ok()? {
                Written::Header(header) => Self::Header(header),
                Written::Anchor(checkpoint) => Self::Anchor(checkpoint),
                Written::Checkpoint(checkpoint) => Self::Checkpoint(checkpoint),
                Written::End(end) => Self::End(end),
                Written::Record(_) => return None,
            }
        };
        (read.write() == line).then_some(read)
    }

    /// The line without its line feed.
    pub(crate) fn write(&self) -> String {
        let written = match self {
            Self::Header(header) => Written::Header(header.clone()),
            Self::Anchor(checkpoint) => Written::Anchor(checkpoint.clone()),
            Self::Record(Position { writer, sequence, hash }, _) => {
                Written::Record(Place { writer: *writer, sequence: *sequence, hash: *hash })
            }
            Self::Checkpoint(checkpoint) => Written::Checkpoint(checkpoint.clone()),
            Self::End(end) => Written::End(end.clone()),
        };
        let mut text = serde_json::to_string(&written).expect("names, numbers and texts are always JSON");
        if let Self::Record(_, event) = self {
            text.pop();
            text.extend([EVENT, event, "}"]);
        }
        text
    }
}
