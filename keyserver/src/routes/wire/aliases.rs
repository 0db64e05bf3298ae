//! Bodies of aliases.
//!
//! *Invariant:* as in [`super`]: plain data, no methods, no rules.

use serde::Serialize;

pub(in crate::routes) const ALIAS_COLLECTION: &str = "application/vnd.ibm.kms.alias+json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Alias {
    pub(in crate::routes) key_id: String,
    pub(in crate::routes) alias: String,
    pub(in crate::routes) created_by: String,
    pub(in crate::routes) creation_date: String,
}
