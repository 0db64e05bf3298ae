//! Bodies of service IDs, API keys, users and policies, with the names of IBM's API.
//!
//! *Invariant:* a part of a policy that would narrow it is never skipped as unknown, and there is no field for a value of an
//! API key but in the answer to its making.

use serde::{Deserialize, Serialize, de::IgnoredAny};
use zeroize::Zeroizing;

/// A new service ID, or a change of one.
#[derive(Deserialize)]
pub(in crate::routes) struct ServiceIdIn {
    pub(in crate::routes) account_id: Option<String>,
    pub(in crate::routes) name: Option<String>,
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) unique_instance_crns: Option<Vec<String>>,
    /// An API key to be made at the same time, which is not offered.
    pub(in crate::routes) apikey: Option<IgnoredAny>,
    pub(in crate::routes) group_id: Option<IgnoredAny>,
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

/// Where the pages of a list are.
#[derive(Serialize)]
pub(in crate::routes) struct Pages {
    pub(in crate::routes) offset: usize,
    pub(in crate::routes) limit: usize,
    pub(in crate::routes) first: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) previous: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) next: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct ServiceIds {
    #[serde(flatten)]
    pub(in crate::routes) pages: Pages,
    pub(in crate::routes) serviceids: Vec<ServiceId>,
}

/// A new API key, or a change of one.
#[derive(Deserialize)]
pub(in crate::routes) struct ApiKeyIn {
    pub(in crate::routes) name: Option<String>,
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) iam_id: Option<String>,
    pub(in crate::routes) account_id: Option<String>,
    /// A value chosen by the caller, which is not offered.
    pub(in crate::routes) apikey: Option<IgnoredAny>,
    pub(in crate::routes) store_value: Option<bool>,
    pub(in crate::routes) expires_at: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct ApiKey {
    pub(in crate::routes) id: String,
    pub(in crate::routes) entity_tag: String,
    pub(in crate::routes) crn: String,
    pub(in crate::routes) locked: bool,
    pub(in crate::routes) disabled: bool,
    pub(in crate::routes) created_at: String,
    pub(in crate::routes) created_by: String,
    pub(in crate::routes) modified_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) expires_at: Option<String>,
    pub(in crate::routes) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) description: Option<String>,
    pub(in crate::routes) iam_id: String,
    pub(in crate::routes) account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) apikey: Option<Zeroizing<String>>,
}

#[derive(Serialize)]
pub(in crate::routes) struct ApiKeys {
    #[serde(flatten)]
    pub(in crate::routes) pages: Pages,
    pub(in crate::routes) apikeys: Vec<ApiKey>,
}

#[derive(Deserialize)]
pub(in crate::routes) struct Invitation {
    pub(in crate::routes) users: Option<Vec<InvitedUser>>,
    /// Access given along with the invitation, which is not offered.
    pub(in crate::routes) iam_policy: Option<Vec<IgnoredAny>>,
    pub(in crate::routes) access_groups: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
pub(in crate::routes) struct InvitedUser {
    pub(in crate::routes) email: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Invited {
    pub(in crate::routes) resources: [InvitedAs; 1],
}

#[derive(Serialize)]
pub(in crate::routes) struct InvitedAs {
    pub(in crate::routes) email: String,
    pub(in crate::routes) id: String,
    pub(in crate::routes) state: &'static str,
}

#[derive(Deserialize)]
pub(in crate::routes) struct UserIn {
    pub(in crate::routes) firstname: Option<String>,
    pub(in crate::routes) lastname: Option<String>,
    pub(in crate::routes) email: Option<String>,
    pub(in crate::routes) state: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct User {
    pub(in crate::routes) id: String,
    pub(in crate::routes) iam_id: String,
    pub(in crate::routes) realm: &'static str,
    pub(in crate::routes) user_id: String,
    pub(in crate::routes) firstname: String,
    pub(in crate::routes) lastname: String,
    pub(in crate::routes) state: &'static str,
    pub(in crate::routes) email: String,
    pub(in crate::routes) account_id: String,
    pub(in crate::routes) added_on: String,
}

#[derive(Serialize)]
pub(in crate::routes) struct Users {
    pub(in crate::routes) total_results: usize,
    pub(in crate::routes) limit: usize,
    pub(in crate::routes) resources: Vec<User>,
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
