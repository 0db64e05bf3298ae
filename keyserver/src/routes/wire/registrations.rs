//! Bodies of registrations.
//!
//! *Invariant:* as in [`super`]: plain data, no methods, no rules.

use serde::{Deserialize, Serialize};

use super::KeyVersion;

pub(in crate::routes) const REGISTRATION_COLLECTION: &str = "application/vnd.ibm.kms.registration+json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct RegistrationInput {
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) prevent_key_deletion: Option<bool>,
    pub(in crate::routes) key_version_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Registration {
    pub(in crate::routes) key_id: String,
    pub(in crate::routes) key_name: String,
    pub(in crate::routes) resource_crn: String,
    pub(in crate::routes) created_by: String,
    pub(in crate::routes) creation_date: String,
    pub(in crate::routes) updated_by: String,
    pub(in crate::routes) last_updated: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) prevent_key_deletion: bool,
    pub(in crate::routes) key_version: KeyVersion,
}
