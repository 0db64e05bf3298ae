//! Bodies of import tokens.
//!
//! *Invariant:* as in [`super`]: plain data, no methods, no rules.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Terms {
    pub(in crate::routes) expiration: Option<i64>,
    pub(in crate::routes) max_allowed_retrievals: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct ImportToken {
    pub(in crate::routes) creation_date: String,
    pub(in crate::routes) expiration_date: String,
    pub(in crate::routes) max_allowed_retrievals: u32,
    pub(in crate::routes) remaining_retrievals: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) payload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) nonce: Option<Zeroizing<String>>,
}
