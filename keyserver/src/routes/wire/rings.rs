//! Bodies of key rings.
//!
//! *Invariant:* as in [`super`]: plain data, no methods, no rules.

use serde::Serialize;

pub(in crate::routes) const KEY_RING_COLLECTION: &str = "application/vnd.ibm.kms.key_ring+json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct KeyRing {
    pub(in crate::routes) id: String,
    pub(in crate::routes) creation_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) created_by: Option<String>,
}
