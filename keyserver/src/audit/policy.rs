//! What a policy was and became, as events of policy changes tell it.
//!
//! *Invariant:* switches, numbers and networks only: policies hold nothing secret.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::keys::{
    key::Key,
    policy::{DualAuth, PolicyKind, Rotation},
};

/// Policies by name; one that was never set is not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PolicyValues(BTreeMap<&'static str, PolicyValue>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct PolicyValue {
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_month: Option<u8>,
}

impl PolicyValues {
    /// The policies of a key as they are now.
    pub(crate) fn of_key(key: &Key) -> Self {
        let rotation = key.rotation.as_ref().map(|Rotation { enabled, interval, .. }| {
            let value = PolicyValue { enabled: *enabled, interval_month: Some(interval.number()) };
            (PolicyKind::Rotation.name(), value)
        });
        let dual_auth = key.dual_auth.as_ref().map(|DualAuth { enabled, .. }| {
            let value = PolicyValue { enabled: *enabled, interval_month: None };
            (PolicyKind::DualAuthDelete.name(), value)
        });
        Self(rotation.into_iter().chain(dual_auth).collect())
    }
}
