//! Policies of instances, as they are on the wire.
//!
//! *Invariant:* plain data with the names of IBM's API; no methods and no rules. Requests are read strictly: a field that does
//! not belong to the policy is an error, as a misspelt attribute would otherwise leave a restriction out.

use serde::{Deserialize, Serialize};

pub(in crate::routes) const ALLOWED_IP_COLLECTION: &str = "application/vnd.ibm.kms.allowed_ip_metadata+json";

/// The way to an instance that is limited to certain addresses, over the private network.
#[derive(Serialize)]
pub(in crate::routes) struct AllowedIpPort {
    pub(in crate::routes) private_endpoint_port: u16,
}

/// Collection envelope of requests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct CollectionIn {
    pub(in crate::routes) metadata: Option<MetadataIn>,
    pub(in crate::routes) resources: Option<Vec<PolicyIn>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::routes) struct MetadataIn {
    pub(in crate::routes) collection_type: Option<String>,
    pub(in crate::routes) collection_total: Option<u64>,
}

/// One policy to set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct PolicyIn {
    pub(in crate::routes) policy_type: Option<String>,
    pub(in crate::routes) policy_data: Option<PolicyDataIn>,
}

/// Which attributes there may be depends on the policy.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct PolicyDataIn {
    pub(in crate::routes) enabled: Option<bool>,
    pub(in crate::routes) attributes: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct AllowedNetworkIn {
    pub(in crate::routes) allowed_network: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct AllowedIpIn {
    pub(in crate::routes) allowed_ip: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct RotationIn {
    pub(in crate::routes) interval_month: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct KeyCreateImportAccessIn {
    pub(in crate::routes) create_root_key: Option<bool>,
    pub(in crate::routes) create_standard_key: Option<bool>,
    pub(in crate::routes) import_root_key: Option<bool>,
    pub(in crate::routes) import_standard_key: Option<bool>,
    pub(in crate::routes) enforce_token: Option<bool>,
}

/// One policy of an instance.
#[derive(Serialize)]
pub(in crate::routes) struct Policy {
    #[serde(rename = "creationDate")]
    pub(in crate::routes) creation_date: String,
    #[serde(rename = "createdBy")]
    pub(in crate::routes) created_by: String,
    #[serde(rename = "lastUpdated")]
    pub(in crate::routes) last_updated: String,
    #[serde(rename = "updatedBy")]
    pub(in crate::routes) updated_by: String,
    pub(in crate::routes) policy_type: &'static str,
    pub(in crate::routes) policy_data: PolicyData,
}

#[derive(Serialize)]
pub(in crate::routes) struct PolicyData {
    pub(in crate::routes) enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) attributes: Option<Attributes>,
}

/// The attributes of any policy; each has its own.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::routes) enum Attributes {
    AllowedNetwork {
        allowed_network: &'static str,
    },
    AllowedIp {
        allowed_ip: Vec<String>,
    },
    Rotation {
        interval_month: u8,
    },
    KeyCreateImportAccess {
        create_root_key: bool,
        create_standard_key: bool,
        import_root_key: bool,
        import_standard_key: bool,
        enforce_token: bool,
    },
}
