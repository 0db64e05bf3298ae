//! What goes to the upstream and comes from it, as far as it is used.
//!
//! *Invariant:* fields that hold a secret are wiped, and fields that nobody asked for are ignored.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

const KEY_TYPE: &str = "application/vnd.ibm.kms.key+json";

/// A request with one resource.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create<'a> {
    metadata: Metadata,
    resources: [NewKey<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    collection_type: &'static str,
    collection_total: u32,
}

#[derive(Serialize)]
struct NewKey<'a> {
    r#type: &'static str,
    name: &'a str,
    extractable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a Zeroizing<String>>,
}

impl<'a> Create<'a> {
    /// A root key, generated there or made of a payload.
    pub(super) fn root_key(name: &'a str, payload: Option<&'a Zeroizing<String>>) -> Self {
        Self {
            metadata: Metadata { collection_type: KEY_TYPE, collection_total: 1 },
            resources: [NewKey { r#type: KEY_TYPE, name, extractable: false, payload }],
        }
    }
}

#[derive(Serialize)]
pub(super) struct Rotate<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) payload: Option<&'a Zeroizing<String>>,
}

#[derive(Serialize)]
pub(super) struct Wrap<'a> {
    pub(super) plaintext: &'a Zeroizing<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) aad: &'a [String],
}

#[derive(Serialize)]
pub(super) struct Unwrap<'a> {
    pub(super) ciphertext: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) aad: &'a [String],
}

#[derive(Deserialize)]
pub(super) struct Collection<T> {
    #[serde(default = "Vec::new")]
    pub(super) resources: Vec<T>,
}

/// A key version, of which nothing but its name is believed.
#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) id: Uuid,
}

#[derive(Deserialize)]
pub(super) struct Key {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) extractable: bool,
    #[serde(default)]
    pub(super) imported: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wrapped {
    pub(super) ciphertext: String,
    pub(super) key_version: Version,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Unwrapped {
    pub(super) plaintext: Zeroizing<String>,
    pub(super) key_version: Version,
    pub(super) ciphertext: Option<String>,
    pub(super) rewrapped_key_version: Option<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rewrapped {
    pub(super) ciphertext: String,
    pub(super) key_version: Version,
    pub(super) rewrapped_key_version: Version,
}
