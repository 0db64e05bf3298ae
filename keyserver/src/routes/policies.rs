//! `/api/v2/keys/{id}/policies`.
//!
//! *Invariant:* extract → service → reply; a body becomes policy changes here and nowhere else.

use axum::extract::State;
use uuid::Uuid;

use crate::{
    error::Error,
    keys::{
        crn::Instance,
        policy::{DualAuth, Months, PolicyChange, PolicyKind, Rotation, Stamp},
    },
    routes::{
        extract::{Body, KeyName, Params},
        keys::date,
        reply::{self, Reply},
        wire::{self, policies as wire_policies},
    },
    service::{
        call::Call,
        policies::{self as service, NewPolicies, PoliciesView},
    },
    state::App,
};

pub(super) async fn read(State(app): State<App>, call: Call, KeyName(name): KeyName, params: Params) -> Reply {
    Reply::json(service::read(&app, call, name, kind(&params)).await, collection)
}

pub(super) async fn write(
    State(app): State<App>,
    call: Call,
    KeyName(name): KeyName,
    params: Params,
    body: Body,
) -> Reply {
    let policies = kind(&params).and_then(|only| new_policies(only, body.required()?));
    Reply::json(service::write(&app, call, name, policies).await, collection)
}

fn kind(params: &Params) -> Result<Option<PolicyKind>, Error> {
    const UNKNOWN: Error =
        Error::InvalidQuery { name: "policy", why: "a key has the policies rotation and dualAuthDelete" };
    params.get("policy").map(|name| PolicyKind::from_name(name).ok_or(UNKNOWN)).transpose()
}

fn new_policies(
    only: Option<PolicyKind>,
    body: wire::CollectionIn<wire_policies::PolicyIn>,
) -> Result<NewPolicies, Error> {
    let total = body.metadata.and_then(|metadata| metadata.collection_type.and(metadata.collection_total));
    let resources = resources(total, body.resources)?;
    let changes = resources.into_iter().map(change).collect::<Result<Vec<_>, _>>()?;
    match (only, changes.as_slice()) {
        (_, []) => Err(Error::PolicyCount("`resources` needs the policy to set")),
        (Some(only), [change]) if change.kind() != only => Err(Error::PolicyMismatch),
        (Some(_), [_, _, ..]) => {
            Err(Error::PolicyCount("with the query parameter `policy`, `resources` has one policy"))
        }
        (None, [_, _, _, ..]) => {
            Err(Error::PolicyCount("a key has one rotation and one dualAuthDelete policy at most"))
        }
        (None, [one, other]) if one.kind() == other.kind() => {
            Err(Error::PolicyCount("a key has one rotation and one dualAuthDelete policy at most"))
        }
        _ => Ok(NewPolicies { only, changes }),
    }
}

/// The resources of a collection that says how many they are.
pub(super) fn resources<T>(total: Option<u64>, resources: Option<Vec<T>>) -> Result<Vec<T>, Error> {
    let total = total.ok_or(Error::BadBody("`metadata` needs `collectionType` and `collectionTotal`"))?;
    let resources = resources.unwrap_or_default();
    if total == resources.len() as u64 { Ok(resources) } else { Err(Error::CollectionTotalMismatch) }
}

fn change(policy: wire_policies::PolicyIn) -> Result<PolicyChange, Error> {
    match (policy.rotation, policy.dual_auth_delete) {
        (Some(rotation), None) => rotation_change(&rotation),
        (None, Some(dual_auth)) => dual_auth_change(&dual_auth),
        _ => Err(Error::BadBody("each of `resources` has either `rotation` or `dualAuthDelete`")),
    }
}

/// A policy that is set without saying so is enabled.
pub(super) fn rotation_change(rotation: &wire_policies::RotationIn) -> Result<PolicyChange, Error> {
    Ok(PolicyChange::Rotation {
        enabled: rotation.enabled.unwrap_or(true),
        interval: rotation.interval_month.map(Months::parse).transpose()?,
    })
}

pub(super) fn dual_auth_change(dual_auth: &wire_policies::DualAuthDeleteIn) -> Result<PolicyChange, Error> {
    let enabled = dual_auth.enabled.ok_or(Error::InvalidField { name: "enabled", why: "required" })?;
    Ok(PolicyChange::DualAuthDelete { enabled })
}

fn collection(view: PoliciesView) -> wire::Collection<wire_policies::Policy> {
    let PoliciesView { key, instance, only } = view;
    let wanted = |kind| only.is_none_or(|only| only == kind);
    let rotation = key.rotation.filter(|_| wanted(PolicyKind::Rotation));
    let dual_auth = key.dual_auth.filter(|_| wanted(PolicyKind::DualAuthDelete));
    let resources: Vec<_> = rotation
        .map(|policy| show_rotation(&instance, policy))
        .into_iter()
        .chain(dual_auth.map(|policy| show_dual_auth(&instance, policy)))
        .collect();
    reply::collection(wire_policies::POLICY_COLLECTION, resources, None)
}

fn show_rotation(instance: &Instance, policy: Rotation) -> wire_policies::Policy {
    let rotation = rotation(&policy);
    wire_policies::Policy { rotation: Some(rotation), ..bare(instance, policy.id, policy.stamp) }
}

fn show_dual_auth(instance: &Instance, policy: DualAuth) -> wire_policies::Policy {
    let dual_auth =
        wire_policies::DualAuthDelete { enabled: policy.enabled, key_set_for_deletion: None, auth_expiration: None };
    wire_policies::Policy { dual_auth_delete: Some(dual_auth), ..bare(instance, policy.id, policy.stamp) }
}

/// A rotation policy as policies and keys show it.
pub(super) fn rotation(policy: &Rotation) -> wire_policies::Rotation {
    wire_policies::Rotation { enabled: policy.enabled, interval_month: policy.interval.number() }
}

fn bare(instance: &Instance, id: Uuid, stamp: Stamp) -> wire_policies::Policy {
    wire_policies::Policy {
        r#type: wire_policies::POLICY_COLLECTION,
        id: id.to_string(),
        crn: instance.policy_crn(id),
        creation_date: date(stamp.created_at),
        created_by: stamp.created_by,
        last_update_date: date(stamp.updated_at),
        updated_by: stamp.updated_by,
        rotation: None,
        dual_auth_delete: None,
    }
}
