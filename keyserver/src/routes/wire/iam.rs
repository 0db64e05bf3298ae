//! Bodies of service IDs, API keys and policies, with the names of IBM's API.
//!
//! *Invariant:* a part of a policy that would narrow it is never skipped as unknown.

use serde::{Deserialize, Serialize, de::IgnoredAny};
use zeroize::Zeroizing;

#[derive(Deserialize)]
pub(in crate::routes) struct CreateServiceId {
    pub(in crate::routes) account_id: Option<String>,
    pub(in crate::routes) name: Option<String>,
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) unique_instance_crns: Option<Vec<String>>,
}

#[derive(Serialize)]
pub(in crate::routes) struct ServiceId {
    pub(in crate::routes) id: String,
    pub(in crate::routes) iam_id: String,
    pub(in crate::routes) entity_tag: String,
    pub(in crate::routes) crn: String,
    pub(in crate::routes) locked: bool,
    pub(in crate::routes) created_at: String,
    pub(in crate::routes) modified_at: String,
    pub(in crate::routes) account_id: String,
    pub(in crate::routes) unique_instance_crns: Vec<String>,
    pub(in crate::routes) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) description: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct ServiceIds {
    pub(in crate::routes) offset: u32,
    pub(in crate::routes) limit: usize,
    pub(in crate::routes) serviceids: Vec<ServiceId>,
}

#[derive(Deserialize)]
pub(in crate::routes) struct CreateApiKey {
    pub(in crate::routes) name: Option<String>,
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) iam_id: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct ApiKey {
    pub(in crate::routes) id: String,
    pub(in crate::routes) entity_tag: String,
    pub(in crate::routes) crn: String,
    pub(in crate::routes) locked: bool,
    pub(in crate::routes) created_at: String,
    pub(in crate::routes) created_by: String,
    pub(in crate::routes) modified_at: String,
    pub(in crate::routes) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) iam_id: String,
    pub(in crate::routes) account_id: String,
    pub(in crate::routes) apikey: Zeroizing<String>,
}

/// Version 1 of a policy in a request.
#[derive(Deserialize)]
pub(in crate::routes) struct PolicyIn {
    pub(in crate::routes) r#type: Option<String>,
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) subjects: Option<Vec<Party>>,
    pub(in crate::routes) roles: Option<Vec<RoleIn>>,
    pub(in crate::routes) resources: Option<Vec<Party>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Party {
    #[serde(default)]
    pub(in crate::routes) attributes: Vec<Attribute>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Attribute {
    pub(in crate::routes) name: String,
    pub(in crate::routes) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) operator: Option<String>,
}

#[derive(Deserialize)]
pub(in crate::routes) struct RoleIn {
    pub(in crate::routes) role_id: String,
}

#[derive(Serialize)]
pub(in crate::routes) struct Role {
    pub(in crate::routes) role_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) display_name: Option<&'static str>,
}

/// What both versions of a policy tell alike.
#[derive(Serialize)]
pub(in crate::routes) struct PolicyHead {
    pub(in crate::routes) id: String,
    pub(in crate::routes) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) href: String,
    pub(in crate::routes) created_at: String,
    pub(in crate::routes) created_by_id: String,
    pub(in crate::routes) last_modified_at: String,
    pub(in crate::routes) last_modified_by_id: String,
    pub(in crate::routes) state: &'static str,
}

/// Version 1 of a policy in an answer.
#[derive(Serialize)]
pub(in crate::routes) struct Policy {
    #[serde(flatten)]
    pub(in crate::routes) head: PolicyHead,
    pub(in crate::routes) subjects: [Party; 1],
    pub(in crate::routes) roles: Vec<Role>,
    pub(in crate::routes) resources: [Party; 1],
}

#[derive(Deserialize)]
pub(in crate::routes) struct PolicyState {
    pub(in crate::routes) state: Option<String>,
}

/// Version 2 of a policy in a request.
#[derive(Deserialize)]
pub(in crate::routes) struct PolicyV2In {
    pub(in crate::routes) r#type: Option<String>,
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) control: Option<ControlIn>,
    pub(in crate::routes) subject: Option<PartyV2>,
    pub(in crate::routes) resource: Option<PartyV2>,
    /// Conditions of time and network, which are not offered.
    pub(in crate::routes) rule: Option<IgnoredAny>,
    pub(in crate::routes) pattern: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct ControlIn {
    pub(in crate::routes) grant: GrantIn,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct GrantIn {
    #[serde(default)]
    pub(in crate::routes) roles: Vec<RoleIn>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct PartyV2 {
    #[serde(default)]
    pub(in crate::routes) attributes: Vec<AttributeV2>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct AttributeV2 {
    pub(in crate::routes) key: String,
    pub(in crate::routes) operator: Option<String>,
    pub(in crate::routes) value: String,
}

/// Version 2 of a policy in an answer.
#[derive(Serialize)]
pub(in crate::routes) struct PolicyV2 {
    #[serde(flatten)]
    pub(in crate::routes) head: PolicyHead,
    pub(in crate::routes) control: Control,
    pub(in crate::routes) subject: PartyV2,
    pub(in crate::routes) resource: PartyV2,
}

#[derive(Serialize)]
pub(in crate::routes) struct Control {
    pub(in crate::routes) grant: Grant,
}

#[derive(Serialize)]
pub(in crate::routes) struct Grant {
    pub(in crate::routes) roles: Vec<Role>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Policies<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) first: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) next: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) previous: Option<Link>,
    pub(in crate::routes) policies: Vec<T>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Link {
    pub(in crate::routes) href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) start: Option<String>,
}
