//! Key versions: the generations of a key's material.
//!
//! *Invariant:* a stored version holds sealed material only.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use crate::keys::material::SealedMaterial;

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

/// A version with its material.
#[derive(Debug, Clone)]
pub(crate) struct SealedVersion {
    /// Which one.
    pub(crate) version: Version,
    /// Its material, sealed for exactly this key and version.
    pub(crate) material: SealedMaterial,
}
