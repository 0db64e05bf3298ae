//! Key versions: the generations of a key's material.
//!
//! *Invariant:* a stored version holds nothing secret: sealed material, or the name that its custody knows it by.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

/// Id of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VersionId(pub(crate) Uuid);

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which version, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    /// Its id.
    pub(crate) id: VersionId,
    /// When it became the newest.
    pub(crate) created_at: Timestamp,
}

/// Where material is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CustodyKind {
    /// Sealed under the master key, in the database.
    File,
    /// In a PKCS#11 token.
    Pkcs11,
    /// In another key service.
    Gateway,
}

impl CustodyKind {
    /// As the store knows it.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::File => 0,
            Self::Pkcs11 => 1,
            Self::Gateway => 2,
        }
    }

    /// The opposite of [`CustodyKind::number`].
    pub(crate) const fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::File),
            1 => Some(Self::Pkcs11),
            2 => Some(Self::Gateway),
            _ => None,
        }
    }

    /// As operators choose it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Pkcs11 => "pkcs11",
            Self::Gateway => "gateway",
        }
    }
}

/// What finds a version's material again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Who has it.
    pub(crate) kind: CustodyKind,
    /// What that custody answered when it took the material up, for exactly this key and version.
    pub(crate) bytes: Vec<u8>,
}

/// A version with its material.
#[derive(Debug, Clone)]
pub(crate) struct SealedVersion {
    /// Which one.
    pub(crate) version: Version,
    /// Its material.
    pub(crate) held: Held,
}
