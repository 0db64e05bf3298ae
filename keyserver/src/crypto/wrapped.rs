//! The text that callers get for a wrapped data key, and keep.
//!
//! Base64 of a JSON object whose `version` says how the data key was encrypted. Every byte is described in
//! `docs/wrap-format.md`.
//! *Invariant:* nothing in a text that was taken apart is trusted yet; the version's id in it is a hint and never authenticated,
//! so that a key re-imported elsewhere opens what it wrapped here.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    crypto::gcm::{NONCE_BYTES, TAG_BYTES},
    error::Error,
    keys::version::VersionId,
};

pub(super) const SALT_BYTES: usize = 32;
const DERIVED: &str = "4.0.0";
const DIRECT: &str = "5.0.0";
/// A text around the longest legal plaintext has about 5800 characters.
pub(super) const MAX_CHARS: usize = 8192;

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
    text: String,
    hint: Option<VersionId>,
    body: Option<Body>,
}

impl WrappedDek {
    /// What a version made.
    pub(super) fn new(by: VersionId, body: Body) -> Result<Self, Error> {
        let (version, salt, nonce, ciphertext) = match &body {
            Body::Derived { salt, nonce, ciphertext } => (DERIVED, Some(salt), nonce, ciphertext),
            Body::Direct { nonce, ciphertext } => (DIRECT, None, nonce, ciphertext),
        };
        let json = Json {
            ciphertext: Base64::encode_string(ciphertext),
            iv: Base64::encode_string(nonce),
            salt: salt.map(|salt| Base64::encode_string(salt)),
            version: version.to_owned(),
            handle: by.0,
        };
        let json = serde_json::to_vec(&json).map_err(|_| Error::Corrupt("wrapped data key"))?;
        Ok(Self { text: Base64::encode_string(&json), hint: Some(by), body: Some(body) })
    }

    /// What another key service made: its text as it is.
    pub(super) fn opaque(text: String) -> Self {
        Self { text, hint: None, body: None }
    }

    /// Base64 is the caller's duty (400). What it holds need not be of this server: another key service may have made it, and
    /// where none is asked nothing opens it (422).
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        if text.is_empty() || text.len() > MAX_CHARS {
            return Err(Error::InvalidField { name: "ciphertext", why: "not a ciphertext of this service" });
        }
        let json = Base64::decode_vec(text)
            .map_err(|_| Error::InvalidField { name: "ciphertext", why: "not standard, padded base64" })?;
        let (hint, body) = Self::from_json(&json).unzip();
        Ok(Self { text: text.to_owned(), hint, body: body.flatten() })
    }

    fn from_json(json: &[u8]) -> Option<(VersionId, Option<Body>)> {
        let json: Json = serde_json::from_slice(json).ok()?;
        Some((VersionId(json.handle), json.body()))
    }

    /// The text for callers.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text for callers.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The version that probably wrapped it: which one to try first, nothing more.
    pub(crate) fn hint(&self) -> Option<VersionId> {
        self.hint
    }

    /// The encrypted data key, in a form of this server.
    pub(super) fn body(&self) -> Option<&Body> {
        self.body.as_ref()
    }
}

impl Json {
    fn body(&self) -> Option<Body> {
        let bytes = |text: &str| Base64::decode_vec(text).ok();
        let ciphertext = bytes(&self.ciphertext)?;
        let nonce = bytes(&self.iv)?.try_into().ok()?;
        match (self.version.as_str(), &self.salt) {
            (DERIVED, Some(salt)) => Some(Body::Derived { salt: bytes(salt)?.try_into().ok()?, nonce, ciphertext }),
            (DIRECT, None) => Some(Body::Direct { nonce, ciphertext }),
            _ => None,
        }
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
            let written = WrappedDek::new(VersionId(Uuid::from_u128(5)), body).expect("written");
            let read = WrappedDek::parse(written.text()).expect("read");
            assert_eq!((read.hint(), read.body()), (written.hint(), written.body()));
            assert_eq!(read.text(), written.text());
            let body = read.body().expect("of this server");
            assert!(body.can_hold(32) && !body.can_hold(48));
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
        let read = |text: &str| WrappedDek::parse(text).expect("base64");
        assert!(read(&text(DERIVED, &salt)).body().is_some());
        assert!(read(&text(DIRECT, "")).body().is_some());
        for foreign in [text(DERIVED, ""), text(DIRECT, &salt), text("4.0.1", &salt), "AAAA".to_owned()] {
            let read = read(&foreign);
            assert!(read.body().is_none(), "not of this server");
            assert_eq!(read.text(), foreign, "and may be another key service's");
        }
        assert_eq!(read(&text(DERIVED, "")).hint(), Some(VersionId(Uuid::nil())));
    }
}
