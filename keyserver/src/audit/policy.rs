//! What a policy was and became, as events of policy changes tell it.
//!
//! *Invariant:* switches, numbers and networks only: policies hold nothing secret.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::keys::{
    instance_policy::{Attributes, InstancePolicy},
    key::Key,
    policy::{DualAuth, PolicyKind, Rotation},
};

/// Policies by name; one that was never set is not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PolicyValues(BTreeMap<&'static str, PolicyValue>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct PolicyValue {
    enabled: bool,
    #[serde(flatten)]
    attributes: Attributes,
}

impl PolicyValues {
    /// The policies of a key as they are now.
    pub(crate) fn of_key(key: &Key) -> Self {
        let rotation = key.rotation.as_ref().map(|Rotation { enabled, interval, .. }| {
            let value = PolicyValue { enabled: *enabled, attributes: Attributes::of_interval(*interval) };
            (PolicyKind::Rotation.name(), value)
        });
        let dual_auth = key.dual_auth.as_ref().map(|DualAuth { enabled, .. }| {
            let value = PolicyValue { enabled: *enabled, attributes: Attributes::default() };
            (PolicyKind::DualAuthDelete.name(), value)
        });
        Self(rotation.into_iter().chain(dual_auth).collect())
    }

    /// These policies of an instance.
    pub(crate) fn of_instance<'a>(policies: impl IntoIterator<Item = &'a InstancePolicy>) -> Self {
        let value = |policy: &InstancePolicy| {
            let InstancePolicy { rule, .. } = policy;
            (rule.kind().name(), PolicyValue { enabled: rule.enabled(), attributes: rule.attributes() })
        };
        Self(policies.into_iter().map(value).collect())
    }
}
