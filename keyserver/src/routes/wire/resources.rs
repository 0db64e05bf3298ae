//! Bodies of the resource controller, the object store and the usage report.
//!
//! *Invariant:* plain data with the names of IBM's API where it has them; no methods and no rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Deserialize)]
pub(in crate::routes) struct CreateInstance {
    pub(in crate::routes) name: Option<String>,
    pub(in crate::routes) target: Option<String>,
    pub(in crate::routes) resource_group: Option<String>,
    pub(in crate::routes) resource_plan_id: Option<String>,
    pub(in crate::routes) tags: Option<Vec<String>>,
    pub(in crate::routes) allow_cleanup: Option<bool>,
    pub(in crate::routes) parameters: Option<ParametersIn>,
}

#[derive(Deserialize)]
pub(in crate::routes) struct UpdateInstance {
    pub(in crate::routes) name: Option<String>,
    pub(in crate::routes) resource_plan_id: Option<String>,
    pub(in crate::routes) allow_cleanup: Option<bool>,
    pub(in crate::routes) parameters: Option<ParametersIn>,
}

/// What an instance is made with. Unknown parameters are refused: one that is ignored would not do what it says.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct ParametersIn {
    pub(in crate::routes) kms_key_crn: Option<String>,
    pub(in crate::routes) kms_key_name: Option<String>,
    pub(in crate::routes) kms_instance: Option<String>,
    pub(in crate::routes) allowed_network: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Parameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) kms_key_crn: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Instances {
    pub(in crate::routes) rows_count: usize,
    pub(in crate::routes) next_url: Option<String>,
    pub(in crate::routes) resources: Vec<Instance>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Instance {
    pub(in crate::routes) id: String,
    pub(in crate::routes) guid: String,
    pub(in crate::routes) url: String,
    pub(in crate::routes) crn: String,
    pub(in crate::routes) name: String,
    pub(in crate::routes) region_id: String,
    pub(in crate::routes) account_id: String,
    pub(in crate::routes) resource_id: String,
    pub(in crate::routes) resource_plan_id: String,
    pub(in crate::routes) resource_group_id: String,
    pub(in crate::routes) resource_group_crn: String,
    pub(in crate::routes) target_crn: String,
    pub(in crate::routes) parameters: Parameters,
    pub(in crate::routes) state: &'static str,
    pub(in crate::routes) r#type: &'static str,
    pub(in crate::routes) sub_type: String,
    pub(in crate::routes) allow_cleanup: bool,
    pub(in crate::routes) locked: bool,
    pub(in crate::routes) last_operation: LastOperation,
    pub(in crate::routes) dashboard_url: Option<String>,
    pub(in crate::routes) plan_history: [PlanHistory; 1],
    pub(in crate::routes) extensions: Extensions,
    pub(in crate::routes) resource_keys_url: String,
    pub(in crate::routes) resource_bindings_url: String,
    pub(in crate::routes) resource_aliases_url: String,
    pub(in crate::routes) controlled_by: &'static str,
    pub(in crate::routes) tags: Vec<String>,
    pub(in crate::routes) created_at: String,
    pub(in crate::routes) created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) updated_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) deleted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) deleted_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) scheduled_reclaim_at: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct LastOperation {
    pub(in crate::routes) r#type: &'static str,
    pub(in crate::routes) state: &'static str,
    pub(in crate::routes) r#async: bool,
    pub(in crate::routes) description: &'static str,
    pub(in crate::routes) cancelable: bool,
    pub(in crate::routes) poll: bool,
}

#[derive(Serialize)]
pub(in crate::routes) struct PlanHistory {
    pub(in crate::routes) resource_plan_id: String,
    pub(in crate::routes) start_date: String,
}

/// Which key encrypts an instance, and where its objects are.
#[derive(Serialize)]
pub(in crate::routes) struct Extensions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) encryption: Option<Encryption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) objects_path: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Encryption {
    pub(in crate::routes) kms_key_crn: String,
    pub(in crate::routes) kms_instance_crn: String,
    pub(in crate::routes) kms_instance: String,
    pub(in crate::routes) key: String,
}

#[derive(Serialize)]
pub(in crate::routes) struct Reclamations {
    pub(in crate::routes) resources: Vec<Reclamation>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Reclamation {
    pub(in crate::routes) id: String,
    pub(in crate::routes) entity_id: String,
    pub(in crate::routes) entity_type_id: &'static str,
    pub(in crate::routes) entity_crn: String,
    pub(in crate::routes) resource_instance_id: String,
    pub(in crate::routes) resource_group_id: String,
    pub(in crate::routes) account_id: String,
    pub(in crate::routes) policy_id: &'static str,
    pub(in crate::routes) state: &'static str,
    pub(in crate::routes) target_time: String,
    pub(in crate::routes) created_at: String,
    pub(in crate::routes) created_by: String,
    pub(in crate::routes) updated_at: String,
    pub(in crate::routes) updated_by: String,
}

/// Error of the resource controller.
#[derive(Serialize)]
pub(in crate::routes) struct Error {
    pub(in crate::routes) error_code: &'static str,
    pub(in crate::routes) message: String,
    pub(in crate::routes) status_code: u16,
    pub(in crate::routes) transaction_id: Uuid,
}

#[derive(Serialize)]
pub(in crate::routes) struct Objects {
    pub(in crate::routes) objects: Vec<Object>,
    /// Where the next page starts, for the parameter `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) next: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Object {
    pub(in crate::routes) name: String,
    pub(in crate::routes) size: u64,
    pub(in crate::routes) etag: String,
    pub(in crate::routes) sha256: String,
    pub(in crate::routes) stored_at: String,
    pub(in crate::routes) stored_by: String,
}

#[derive(Serialize)]
pub(in crate::routes) struct Usage {
    pub(in crate::routes) resource_instance_id: String,
    pub(in crate::routes) account_id: String,
    pub(in crate::routes) month: String,
    pub(in crate::routes) counted_at: String,
    pub(in crate::routes) active_root_keys: u64,
    pub(in crate::routes) free_root_keys: u64,
    pub(in crate::routes) billable_root_keys: u64,
    pub(in crate::routes) key_versions: u64,
    pub(in crate::routes) calls: u64,
    pub(in crate::routes) calls_by_action: BTreeMap<String, u64>,
}
