//! The algorithm suites of the format, one row each, and the message ids they use (specification "Supported Algorithm
//! Suites").
//!
//! *Invariant:* what a suite does is said by its row alone, and an id without a row is no suite.

use super::limits::Accept;
use crate::codec::{Reader, Stop};
use crate::crypto::kdf::Hash;
use crate::error::Error;

/// Bytes in the id of a message that is written.
pub const MESSAGE_ID_LENGTH: usize = 32;

/// How a message is sealed: cipher, derivation of its key, commitment and signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    id: u16,
    version: u8,
    key_length: u8,
    derivation: Option<Hash>,
    signature: Option<Curve>,
}

/// The curve of a suite's ECDSA signatures; the hash goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// P-256 with SHA-256.
    P256,
    /// P-384 with SHA-384.
    P384,
}

impl Curve {
    /// Bytes in a coordinate of a point, and in each number of a signature.
    pub fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }
}

/// The suite that is written: AES-256-GCM, HKDF-SHA-512, key commitment, no signature.
pub(super) const WRITTEN: Suite = row(2, 0x0478, 32, Some(Hash::Sha512), None);

/// AES-GCM all of them; the ids' last byte is 78 for keys of 256 bits, 46 for 192, 14 for 128.
const SUITES: [Suite; 11] = [
    WRITTEN,
    row(2, 0x0578, 32, Some(Hash::Sha512), Some(Curve::P384)),
    row(1, 0x0378, 32, Some(Hash::Sha384), Some(Curve::P384)),
    row(1, 0x0346, 24, Some(Hash::Sha384), Some(Curve::P384)),
    row(1, 0x0214, 16, Some(Hash::Sha256), Some(Curve::P256)),
    row(1, 0x0178, 32, Some(Hash::Sha256), None),
    row(1, 0x0146, 24, Some(Hash::Sha256), None),
    row(1, 0x0114, 16, Some(Hash::Sha256), None),
    row(1, 0x0078, 32, None, None),
    row(1, 0x0046, 24, None, None),
    row(1, 0x0014, 16, None, None),
];

const fn row(version: u8, id: u16, key_length: u8, derivation: Option<Hash>, signature: Option<Curve>) -> Suite {
    Suite { id, version, key_length, derivation, signature }
}

impl Suite {
    /// The suite `id` of a header of `version`.
    pub(super) fn find(version: u8, id: u16) -> Option<Self> {
        SUITES.into_iter().find(|suite| suite.version == version && suite.id == id)
    }

    /// The format's number for it, for instance 0x0478.
    pub fn id(&self) -> u16 {
        self.id
    }

    /// The version of the format it belongs to, 1 or 2.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// Whether its messages open under one data key only.
    pub fn commits(&self) -> bool {
        self.version == 2
    }

    /// The curve of its signatures, if it signs.
    pub fn signature(&self) -> Option<Curve> {
        self.signature
    }

    /// Bytes in its data keys, and in the message keys made of them.
    pub(super) fn key_length(&self) -> usize {
        self.key_length.into()
    }

    /// The hash by which message keys are derived; without one the data key is the message key.
    pub(super) fn derivation(&self) -> Option<Hash> {
        self.derivation
    }

    /// # Errors
    /// [`Error::SuiteNotAllowed`] if `accept` leaves it out.
    pub(super) fn judge(&self, accept: Accept) -> Result<(), Error> {
        let old = self.version == 1 && !accept.version_1;
        let signed = self.signature.is_some() && !accept.signed;
        let needs = match (old, signed) {
            (false, false) => return Ok(()),
            (true, false) => "version1",
            (false, true) => "signed",
            (true, true) => "version1 and signed",
        };
        Err(Error::SuiteNotAllowed { id: self.id, needs })
    }
}

/// Names a message, and is bound to its keys and frames: 32 random bytes, 16 in version 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageId {
    Long([u8; MESSAGE_ID_LENGTH]),
    Short([u8; MESSAGE_ID_LENGTH / 2]),
}

impl MessageId {
    pub(super) fn read(suite: Suite, reader: &mut Reader<'_>) -> Result<Self, Stop> {
        Ok(if suite.version == 1 { Self::Short(reader.array()?) } else { Self::Long(reader.array()?) })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Long(bytes) => bytes,
            Self::Short(bytes) => bytes,
        }
    }
}
