//! Every body, as it is on the wire.
//!
//! *Invariant:* plain data with the names of IBM's API; no methods and no rules.

pub(super) mod aliases;
pub(super) mod audit;
pub(super) mod iam;
pub(super) mod import_token;
pub(super) mod instance_policies;
pub(super) mod lists;
pub(super) mod policies;
pub(super) mod registrations;
pub(super) mod resources;
pub(super) mod rings;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

pub(super) const KEY_COLLECTION: &str = "application/vnd.ibm.kms.key+json";
pub(super) const VERSION_COLLECTION: &str = "application/vnd.ibm.kms.key.version+json";
pub(super) const ERROR_COLLECTION: &str = "application/vnd.ibm.kms.error+json";

/// Collection envelope of requests.
#[derive(Deserialize)]
pub(super) struct CollectionIn<T> {
    pub(super) metadata: Option<MetadataIn>,
    pub(super) resources: Option<Vec<T>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MetadataIn {
    pub(super) collection_type: Option<String>,
    pub(super) collection_total: Option<u64>,
}

/// Collection envelope of answers.
#[derive(Serialize)]
pub(super) struct Collection<T> {
    pub(super) metadata: Metadata,
    pub(super) resources: Vec<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) collection_type: &'static str,
    pub(super) collection_total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_count: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateKey {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    #[serde(alias = "Tags")]
    pub(super) tags: Option<Vec<String>>,
    pub(super) aliases: Option<Vec<String>>,
    pub(super) extractable: Option<bool>,
    pub(super) expiration_date: Option<String>,
    pub(super) payload: Option<Zeroizing<String>>,
    pub(super) encrypted_nonce: Option<String>,
    pub(super) iv: Option<String>,
    pub(super) encryption_algorithm: Option<String>,
    pub(super) rotation: Option<policies::RotationIn>,
    pub(super) dual_auth_delete: Option<policies::DualAuthDeleteIn>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    pub(super) r#type: &'static str,
    pub(super) id: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) aliases: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    pub(super) state: u8,
    pub(super) extractable: bool,
    pub(super) crn: String,
    pub(super) imported: bool,
    #[serde(rename = "keyRingID")]
    pub(super) key_ring_id: String,
    pub(super) creation_date: String,
    pub(super) created_by: String,
    pub(super) algorithm_type: &'static str,
    pub(super) algorithm_metadata: AlgorithmMetadata,
    pub(super) algorithm_bit_size: u32,
    pub(super) algorithm_mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expiration_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_update_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_rotate_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_version: Option<KeyVersion>,
    pub(super) dual_auth_delete: policies::DualAuthDelete,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rotation: Option<policies::Rotation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nonactive_state_reason: Option<u8>,
    pub(super) deleted: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) deletion: Option<Deletion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) payload: Option<Zeroizing<String>>,
}

/// A key as `Prefer: return=minimal` asks for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShortKey {
    pub(super) r#type: &'static str,
    pub(super) id: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) state: u8,
    pub(super) extractable: bool,
    pub(super) crn: String,
    pub(super) imported: bool,
    pub(super) deleted: bool,
}

/// A key that was made or brought back.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum MadeKey {
    Whole(Box<Key>),
    Short(ShortKey),
}

/// Body of the older form of restore: a key collection, or its one resource alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Restore {
    pub(super) resources: Option<Vec<Rotate>>,
    pub(super) payload: Option<Zeroizing<String>>,
    pub(super) encrypted_nonce: Option<String>,
    pub(super) iv: Option<String>,
    pub(super) encryption_algorithm: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AlgorithmMetadata {
    pub(super) bit_length: String,
    pub(super) mode: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyVersion {
    pub(super) id: String,
    pub(super) creation_date: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deletion {
    pub(super) deletion_date: String,
    pub(super) deleted_by: String,
    pub(super) restore_allowed: bool,
    pub(super) restore_expiration_date: Option<String>,
    pub(super) purge_allowed: bool,
    pub(super) purge_allowed_from: Option<String>,
    pub(super) purge_scheduled_on: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Wrap {
    pub(super) plaintext: Option<Zeroizing<String>>,
    pub(super) aad: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Unwrap {
    pub(super) ciphertext: Option<String>,
    pub(super) aad: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rotate {
    pub(super) payload: Option<Zeroizing<String>>,
    pub(super) encrypted_nonce: Option<String>,
    pub(super) iv: Option<String>,
    pub(super) encryption_algorithm: Option<String>,
}

/// Answer of wrap, unwrap and rewrap.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActionResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plaintext: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ciphertext: Option<String>,
    pub(super) key_version: VersionRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rewrapped_key_version: Option<VersionRef>,
}

#[derive(Serialize)]
pub(super) struct VersionRef {
    pub(super) id: String,
}

/// One resource of a Key Protect error.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorResource {
    pub(super) error_msg: String,
    pub(super) reasons: [ErrorReason; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorReason {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) status: u16,
    pub(super) more_info: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<ErrorTarget>,
}

#[derive(Serialize)]
pub(super) struct ErrorTarget {
    pub(super) r#type: &'static str,
    pub(super) name: &'static str,
}

/// Error of the token endpoint.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenError {
    pub(super) error_code: &'static str,
    pub(super) error_message: String,
    pub(super) context: TokenErrorContext,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenErrorContext {
    pub(super) request_id: Uuid,
}

/// Error of service IDs, API keys and policies.
#[derive(Serialize)]
pub(super) struct IamErrors {
    pub(super) trace: Uuid,
    pub(super) errors: [IamError; 1],
    pub(super) status_code: u16,
}

#[derive(Serialize)]
pub(super) struct IamError {
    pub(super) code: &'static str,
    pub(super) message: String,
}

#[derive(Serialize)]
pub(super) struct Token {
    pub(super) access_token: Zeroizing<String>,
    pub(super) refresh_token: &'static str,
    pub(super) token_type: &'static str,
    pub(super) expires_in: i64,
    pub(super) expiration: i64,
    pub(super) scope: &'static str,
}

/// Answer of the console's token endpoint.
#[derive(Serialize)]
pub(super) struct ConsoleToken {
    pub(super) access_token: Zeroizing<String>,
    pub(super) token_type: &'static str,
    pub(super) expires_in: i64,
    pub(super) expiration: i64,
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    pub(super) code: Option<Zeroizing<String>>,
}

#[derive(Serialize)]
pub(super) struct Session {
    pub(super) name: String,
    pub(super) iam_id: String,
    pub(super) account: String,
    pub(super) expires: String,
    pub(super) instances: Vec<Instance>,
}

#[derive(Serialize)]
pub(super) struct Instance {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) region: String,
    pub(super) crn: String,
}

#[derive(Serialize)]
pub(super) struct Health {
    pub(super) status: &'static str,
}
