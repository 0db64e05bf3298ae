//! Keys and their names, each parsed once into a type of its own.
//!
//! *Invariant:* a data key has no way to become anything but message keys or a wrapped copy, and a new one has 32 bytes.

use std::fmt;

use crate::entropy::Entropy;
use crate::error::Error;
use crate::secret::Secret;
use crate::time::Duration;

/// Bytes in a new data key.
pub(crate) const DATA_KEY_LENGTH: usize = 32;
/// Bytes in data keys that messages can have: those of an AES key.
const READABLE_LENGTHS: [usize; 3] = [16, 24, DATA_KEY_LENGTH];

/// A data encryption key (DEK), used only through the keys derived for each message: 256 bits, or less for a message
/// of version 1. Sealing takes the former only.
#[derive(Debug)]
pub struct DataKey(Secret);

impl DataKey {
    /// A new random data key.
    ///
    /// # Errors
    /// [`Error::Internal`] when the platform gives no randomness.
    pub fn generate(entropy: &mut dyn Entropy) -> Result<Self, Error> {
        let mut bytes = vec![0; DATA_KEY_LENGTH];
        entropy.fill(&mut bytes)?;
        Ok(Self(Secret::new(bytes)))
    }

    /// A data key that a KEK unwrapped; `None` unless it has 16, 24 or 32 bytes. Whether that is the length which the
    /// message needs is known by the message's suite.
    pub fn from_unwrapped(bytes: Secret) -> Option<Self> {
        READABLE_LENGTHS.contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The key itself, for wrapping and for derivation.
    pub(crate) fn secret(&self) -> &Secret {
        &self.0
    }
}

/// An encrypted data key (EDK): one wrapped copy of a message's data key, as a header entry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edk {
    /// Which kind of KEK wrapped it.
    pub provider_id: String,
    /// Which KEK of that kind; the provider's own bytes.
    pub provider_info: Vec<u8>,
    /// The wrapped data key, opaque.
    pub ciphertext: Vec<u8>,
}

/// What unwrapping an entry gives.
#[derive(Debug)]
pub struct Unwrapped {
    /// The data key.
    pub key: DataKey,
    /// The same data key under the newest version of the KEK, where that is another one than wrapped the entry. For
    /// records of wrapped keys: an entry in a message is never edited.
    pub rewrapped: Option<Edk>,
    /// How long the data key may be kept in memory, where the key service says.
    pub lease: Option<Duration>,
    /// The version of the KEK that had wrapped the entry, where the key service says.
    pub version: Option<String>,
}

impl From<DataKey> for Unwrapped {
    /// Just a data key.
    fn from(key: DataKey) -> Self {
        Self { key, rewrapped: None, lease: None, version: None }
    }
}

/// Names a root key: an instance of the key service and a key id or alias in it.
///
/// It is written as it stands into every message, so it must hold no personal data and should not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootKeyRef {
    instance: String,
    key: String,
}

impl RootKeyRef {
    /// # Errors
    /// [`Error::InvalidArgument`] unless both are 1 to 255 ASCII letters, digits, `-` or `_`.
    pub fn new(instance: impl Into<String>, key: impl Into<String>) -> Result<Self, Error> {
        Ok(Self { instance: name("instance", instance.into())?, key: name("key", key.into())? })
    }

    /// The instance id.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The key id or alias.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for RootKeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.instance, self.key)
    }
}

fn name(argument: &str, value: String) -> Result<String, Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if value.is_empty() || value.len() > 255 || !value.bytes().all(allowed) {
        return Err(Error::argument(argument, "must be an id or alias: 1 to 255 letters, digits, '-' or '_'"));
    }
    Ok(value)
}
