//! Signed statements of how far a writer's chain has come, chained themselves.
//!
//! What is signed, by Ed25519, is this text; each line ends in a line feed:
//!
//! ```text
//! envelock audit checkpoint v1
//! number 7
//! previous <SHA-256 of the text of checkpoint 6; of the first one 64 zeros>
//! writer 0b9f7d0e-7e43-4a0b-8f3f-2f1d6c5b4a39
//! sequence 1234
//! hash <hash of that record>
//! time 2026-01-10T09:00:00.000Z
//! key <SHA-256 of the 32 bytes of the public key>
//! ```
//!
//! *Invariant:* a statement is signed only as a [`Checkpoint`], and numbers count over all writers of a database, so that neither
//! a checkpoint nor a writer can be taken out without leaving a gap.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64ct::{Base64, Encoding};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    audit::chain::{Hash, Position},
    error::Error,
    keys::{environment::Entropy, material::Secret},
};

const SEED_BYTES: usize = 32;

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statement {
    /// Counted from 1, over all writers.
    pub(crate) number: u64,
    /// Hash of the checkpoint before.
    pub(crate) previous: Hash,
    /// Whose chain.
    pub(crate) writer: Uuid,
    /// Its last record that counts.
    pub(crate) sequence: u64,
    /// Hash of that record.
    pub(crate) hash: Hash,
    /// When; whole milliseconds.
    #[serde(with = "millis")]
    pub(crate) time: Timestamp,
    /// Fingerprint of the key that signs.
    pub(crate) key: Hash,
}

impl Statement {
    /// The text that is signed.
    pub(crate) fn text(&self) -> String {
        let Self { number, previous, writer, sequence, hash, time, key } = self;
        format!(
            "envelock audit checkpoint v1\nnumber {number}\nprevious {previous}\nwriter {writer}\nsequence {sequence}\n\
             hash {hash}\ntime {time:.3}\nkey {key}\n"
        )
    }

    /// What the next checkpoint follows.
    pub(crate) fn digest(&self) -> Hash {
        Hash::of(&[self.text().as_bytes()])
    }

    /// The place it speaks of.
    pub(crate) const fn position(&self) -> Position {
        Position { writer: self.writer, sequence: self.sequence, hash: self.hash }
    }
}

/// A statement with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// What is signed.
    #[serde(flatten)]
    pub(crate) statement: Statement,
    /// Ed25519, in base64.
    pub(crate) signature: Signature,
}

/// 64 bytes, in base64 as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Signature(pub(crate) [u8; 64]);

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        Base64::encode_string(&signature.0)
    }
}

impl TryFrom<String> for Signature {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        read(&text).map(Self).ok_or("a signature is 64 bytes in base64")
    }
}

/// The public half of a key that signs checkpoints; 32 bytes, in base64 as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct PublicKey(pub(crate) [u8; 32]);

impl PublicKey {
    /// What checkpoints call it: SHA-256 of its bytes.
    pub(crate) fn fingerprint(&self) -> Hash {
        Hash::of(&[&self.0])
    }

    /// Whether the key signed this.
    pub(crate) fn signed(&self, text: &str, signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(text.as_bytes(), &signature.0).is_ok()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        Base64::encode_string(&key.0)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        read(&text).map(Self).ok_or("a public key is 32 bytes in base64")
    }
}

fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    Base64::decode_vec(text).ok()?.try_into().ok()
}

/// Signs checkpoints and exports.
pub(crate) struct CheckpointSigner {
    pair: Ed25519KeyPair,
    public: PublicKey,
    fingerprint: Hash,
}

impl CheckpointSigner {
    /// A new private key, as [`CheckpointSigner::load`] takes it.
    pub(crate) fn generate(entropy: &dyn Entropy) -> Secret {
        Secret::random(SEED_BYTES, entropy)
    }

    /// Takes a private key into use.
    pub(crate) fn load(seed: &Secret) -> Result<Self, Error> {
        const DAMAGED: Error = Error::Corrupt("audit signing key");
        // Exposed to the signer, which wipes its copy.
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| DAMAGED)?;
        let public = PublicKey(pair.public_key().as_ref().try_into().map_err(|_| DAMAGED)?);
        Ok(Self { pair, public, fingerprint: public.fingerprint() })
    }

    /// The public half.
    pub(crate) const fn public(&self) -> PublicKey {
        self.public
    }

    /// What checkpoints call the key.
    pub(crate) const fn fingerprint(&self) -> Hash {
        self.fingerprint
    }

    /// The checkpoint that follows `previous` and says how far a chain has come.
    pub(crate) fn checkpoint(&self, previous: Option<&Statement>, at: Position, time: Timestamp) -> Checkpoint {
        let statement = Statement {
            number: previous.map_or(0, |previous| previous.number) + 1,
            previous: previous.map_or(Hash::NOTHING, Statement::digest),
            writer: at.writer,
            sequence: at.sequence,
            hash: at.hash,
            time,
            key: self.fingerprint,
        };
        let signature = self.sign(&statement.text());
        Checkpoint { statement, signature }
    }

    /// Signs a text; each kind of text begins with a line of its own.
    pub(crate) fn sign(&self, text: &str) -> Signature {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        Signature(signature)
    }
}

mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{time:.3}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> CheckpointSigner {
        CheckpointSigner::load(&Secret::new(vec![9; SEED_BYTES])).expect("a key")
    }

    #[test]
    fn a_checkpoint_says_exactly_what_is_signed() {
        let signer = signer();
        let at = Position::start(Uuid::from_bytes([7; 16])).next(b"{}");
        let time = Timestamp::from_millisecond(1_768_035_600_000).expect("a moment");
        let first = signer.checkpoint(None, at, time);
        let text = first.statement.text();
        assert!(text.starts_with("envelock audit checkpoint v1\nnumber 1\nprevious 0000"), "{text}");
        assert!(text.contains("\nwriter 07070707-0707-0707-0707-070707070707\nsequence 1\nhash "), "{text}");
        assert!(text.contains("\ntime 2026-01-10T09:00:00.000Z\nkey "), "{text}");
        assert!(signer.public().signed(&text, &first.signature));
        assert!(!signer.public().signed(&text.replace("number 1", "number 2"), &first.signature));
        let second = signer.checkpoint(Some(&first.statement), at.next(b"{}"), time);
        assert_eq!((second.statement.number, second.statement.previous), (2, first.statement.digest()));
    }

    #[test]
    fn a_checkpoint_as_json_comes_back_the_same() {
        let signer = signer();
        let at = Position::start(Uuid::from_bytes([7; 16])).next(b"{}");
        let made = signer.checkpoint(None, at, Timestamp::UNIX_EPOCH);
        let json = serde_json::to_string(&made).expect("JSON");
        let read: Checkpoint = serde_json::from_str(&json).expect("a checkpoint");
        assert_eq!(read, made);
        assert!(signer.public().signed(&read.statement.text(), &read.signature));
    }
}
