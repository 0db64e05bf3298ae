//! Keys and their names, each parsed once into a type of its own.
//!
//! *Invariant:* a data key has no way to become anything but message keys or a wrapped copy, and a new one has 32 bytes.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::endpoint::Endpoint;
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

    /// Finds a root key by what a caller says of it: a CRN, which names instance and region, or an id or alias together
    /// with instance and endpoint. An endpoint that is given goes before the one that a CRN's region stands for.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if something is missing, malformed, or said twice and differently.
    pub fn locate(
        endpoint: Option<Endpoint>,
        instance: Option<String>,
        key: String,
    ) -> Result<(Endpoint, Self), Error> {
        if !key.starts_with("crn:") {
            let endpoint = endpoint.ok_or_else(|| Error::argument("endpoint", "must be given, unless key is a CRN"))?;
            let instance = instance.ok_or_else(|| Error::argument("instance", "must be given, unless key is a CRN"))?;
            return Ok((endpoint, Self::new(instance, key)?));
        }
        let crn = Crn::parse(&key)?;
        if instance.is_some_and(|instance| instance != crn.key.instance) {
            return Err(Error::argument("instance", "is another one than in the CRN: leave it out"));
        }
        let endpoint = match endpoint {
            Some(endpoint) => endpoint,
            None => Endpoint::of_region(&crn.region)?,
        };
        Ok((endpoint, crn.key))
    }

    /// The key of this other name in the same instance.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn sibling(&self, key: String) -> Result<Self, Error> {
        Self::new(self.instance.clone(), key)
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

/// The full name of a root key:
/// `crn:v1:<cloud>:<kind>:kms:<region>:a/<account>:<instance>:key:<id>`.
#[derive(Debug)]
struct Crn {
    region: String,
    key: RootKeyRef,
}

impl Crn {
    fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            let form = "is no CRN of a key: crn:v1:bluemix:public:kms:<region>:a/<account>:<instance>:key:<id>";
            Error::argument("key", form)
        };
        let segments: Vec<&str> = text.split(':').collect();
        let ["crn", "v1", cloud, kind, "kms", region, scope, instance, "key", id] = *segments else {
            return Err(wrong());
        };
        let label = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if !label(cloud) || !label(kind) || !label(region) || !scope.strip_prefix("a/").is_some_and(label) {
            return Err(wrong());
        }
        let key = RootKeyRef::new(instance, id).map_err(|_| wrong())?;
        Ok(Self { region: region.to_owned(), key })
    }
}

fn name(argument: &str, value: String) -> Result<String, Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if value.is_empty() || value.len() > 255 || !value.bytes().all(allowed) {
        return Err(Error::argument(argument, "must be an id or alias: 1 to 255 letters, digits, '-' or '_'"));
    }
    Ok(value)
}
