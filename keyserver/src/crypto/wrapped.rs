//! The text that callers get for a wrapped data key, and keep.
//!
//! Base64 of a JSON object whose `version` says how the data key was encrypted. Every byte is described in
//! `docs/wrap-format.md`.
//! *Invariant:* nothing in a text that was taken apart is trusted yet; the version's id in it is a hint and never authenticated,
//! so that a key re-imported elsewhere opens what it wrapped here.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{crypto::gcm::NONCE_BYTES, error::Error, keys::version::VersionId};

pub(super) const SALT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const DERIVED: &str = "4.0.0";
const DIRECT: &str = "5.0.0";
/// A text around the longest legal plaintext has about 5800 characters.
const MAX_CHARS: usize = 8192;

/// The JSON inside.
#[derive(Serialize, Deserialize)]
struct Json {
    ciphertext: String,
    iv: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    version: String,
    handle: Uuid,
}

/// An encrypted data key, by how it was encrypted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Under a key derived from the root key's material and a salt.
    Derived {
        /// Drawn for this wrap.
        salt: [u8; SALT_BYTES],
        /// Of AES-GCM.
        nonce: [u8; NONCE_BYTES],
        /// With its tag.
        ciphertext: Vec<u8>,
    },
    /// Under the root key's material itself.
    Direct {
        /// Of AES-GCM.
        nonce: [u8; NONCE_BYTES],
        /// With its tag.
        ciphertext: Vec<u8>,
    },
}

/// A wrapped data key.
pub(crate) struct WrappedDek {
    hint: VersionId,
    body: Body,
}

impl WrappedDek {
    /// What a version made.
    pub(super) fn new(by: VersionId, body: Body) -> Self {
        Self { hint: by, body }
    }

    /// Base64 is the caller's duty (400); anything else that does not fit is a ciphertext we did not make (422).
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        if text.is_empty() || text.len() > MAX_CHARS {
            return Err(Error::InvalidField { name: "ciphertext", why: "not a ciphertext of this service" });
        }
        let json = Base64::decode_vec(text)
            .map_err(|_| Error::InvalidField { name: "ciphertext", why: "not standard, padded base64" })?;
        Self::from_json(&json).ok_or(Error::UnprocessableCiphertext)
    }

    fn from_json(json: &[u8]) -> Option<Self> {
        let Json { ciphertext, iv, salt, version, handle } = serde_json::from_slice(json).ok()?;
        let bytes = |text: &str| Base64::decode_vec(text).ok();
        let ciphertext = bytes(&ciphertext)?;
        let nonce = bytes(&iv)?.try_into().ok()?;
        let body = match (version.as_str(), salt) {
            (DERIVED, Some(salt)) => Body::Derived { salt: bytes(&salt)?.try_into().ok()?, nonce, ciphertext },
            (DIRECT, None) => Body::Direct { nonce, ciphertext },
            _ => return None,
        };
        Some(Self { hint: VersionId(handle), body })
    }

    /// The text for callers.
    pub(crate) fn text(&self) -> Result<String, Error> {
        let (version, salt, nonce, ciphertext) = match &self.body {
            Body::Derived { salt, nonce, ciphertext } => (DERIVED, Some(salt), nonce, ciphertext),
            Body::Direct { nonce, ciphertext } => (DIRECT, None, nonce, ciphertext),
        };
        let json = Json {
            ciphertext: Base64::encode_string(ciphertext),
            iv: Base64::encode_string(nonce),
            salt: salt.map(|salt| Base64::encode_string(salt)),
            version: version.to_owned(),
            handle: self.hint.0,
        };
        let json = serde_json::to_vec(&json).map_err(|_| Error::Corrupt("wrapped data key"))?;
        Ok(Base64::encode_string(&json))
    }

    /// The version that probably wrapped it: which one to try first, nothing more.
    pub(crate) fn hint(&self) -> VersionId {
        self.hint
    }

    /// The encrypted data key.
    pub(super) fn body(&self) -> &Body {
        &self.body
    }
}

impl Body {
    /// Whether a data key of so many bytes can be inside.
    pub(super) fn can_hold(&self, dek_bytes: usize) -> bool {
        match self {
            Self::Derived { ciphertext, .. } | Self::Direct { ciphertext, .. } => {
                ciphertext.len() == dek_bytes + TAG_BYTES
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_back_as_it_was_written() {
        let (nonce, ciphertext) = ([7; NONCE_BYTES], vec![1; 48]);
        let bodies = [
            Body::Derived { salt: [9; SALT_BYTES], nonce, ciphertext: ciphertext.clone() },
            Body::Direct { nonce, ciphertext },
        ];
        for body in bodies {
            let written = WrappedDek::new(VersionId(Uuid::from_u128(5)), body);
            let read = WrappedDek::parse(&written.text().expect("a text")).expect("read");
            assert_eq!((read.hint(), read.body()), (written.hint(), written.body()));
            assert!(read.body().can_hold(32) && !read.body().can_hold(48));
        }
    }

    #[test]
    fn a_salt_belongs_to_its_own_format() {
        let text = |version: &str, salt: &str| {
            let json = format!(
                r#"{{"ciphertext":"AAAA","iv":"AAAAAAAAAAAAAAAA",{salt}"version":"{version}","handle":"{}"}}"#,
                Uuid::nil()
            );
            Base64::encode_string(json.as_bytes())
        };
        let salt = format!(r#""salt":"{}","#, Base64::encode_string(&[0; SALT_BYTES]));
        assert!(WrappedDek::parse(&text(DERIVED, &salt)).is_ok());
        assert!(WrappedDek::parse(&text(DIRECT, "")).is_ok());
        for wrong in [text(DERIVED, ""), text(DIRECT, &salt), text("4.0.1", &salt)] {
            assert!(matches!(WrappedDek::parse(&wrong), Err(Error::UnprocessableCiphertext)));
        }
    }
}
