//! Policies of keys, as they are on the wire.
//!
//! *Invariant:* plain data with the names of IBM's API; no methods and no rules.

use serde::{Deserialize, Serialize};

pub(in crate::routes) const POLICY_COLLECTION: &str = "application/vnd.ibm.kms.policy+json";

/// One policy to set on a key.
#[derive(Deserialize)]
pub(in crate::routes) struct PolicyIn {
    pub(in crate::routes) rotation: Option<RotationIn>,
    #[serde(rename = "dualAuthDelete")]
    pub(in crate::routes) dual_auth_delete: Option<DualAuthDeleteIn>,
}

#[derive(Deserialize)]
pub(in crate::routes) struct RotationIn {
    pub(in crate::routes) enabled: Option<bool>,
    pub(in crate::routes) interval_month: Option<i64>,
}

#[derive(Deserialize)]
pub(in crate::routes) struct DualAuthDeleteIn {
    pub(in crate::routes) enabled: Option<bool>,
}

/// One policy of a key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Policy {
    pub(in crate::routes) r#type: &'static str,
    pub(in crate::routes) id: String,
    pub(in crate::routes) crn: String,
    pub(in crate::routes) creation_date: String,
    pub(in crate::routes) created_by: String,
    pub(in crate::routes) last_update_date: String,
    pub(in crate::routes) updated_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) rotation: Option<Rotation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) dual_auth_delete: Option<DualAuthDelete>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Rotation {
    pub(in crate::routes) enabled: bool,
    pub(in crate::routes) interval_month: u8,
}

/// On a key also the first of two consents, while there is one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct DualAuthDelete {
    pub(in crate::routes) enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) key_set_for_deletion: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) auth_expiration: Option<String>,
}
