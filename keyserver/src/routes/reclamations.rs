//! `/v1/reclamations`.
//!
//! *Invariant:* extract → service → reply.

use axum::extract::State;
use uuid::Uuid;

use crate::{
    error::Error,
    keys::{crn::InstanceId, instance::Resource},
    routes::{
        extract::{Params, services::ReclamationId},
        keys::date,
        reply::Reply,
        wire::resources as wire,
    },
    service::{
        call::Call,
        reclamations::{self as service, Fate, ReclamationQuery},
    },
    state::App,
};

pub(super) async fn list(State(app): State<App>, call: Call, params: Params) -> Reply {
    let listed = service::list(&app, call, query(&params)).await;
    Reply::json(listed, |deleted| wire::Reclamations { resources: deleted.into_iter().filter_map(show).collect() })
}

pub(super) async fn reclaim(State(app): State<App>, call: Call, ReclamationId(id): ReclamationId) -> Reply {
    Reply::json(service::decide(&app, call, id, Fate::Reclaim).await, show)
}

pub(super) async fn restore(State(app): State<App>, call: Call, ReclamationId(id): ReclamationId) -> Reply {
    Reply::json(service::decide(&app, call, id, Fate::Restore).await, show)
}

fn query(params: &Params) -> Result<ReclamationQuery, Error> {
    const NAME: &str = "resource_instance_id";
    let invalid = |_| Error::InvalidQuery { name: NAME, why: "not the GUID of an instance" };
    Ok(ReclamationQuery {
        account: params.get("account_id").map(str::to_owned),
        instance: params.get(NAME).map(|text| Uuid::try_parse(text).map(InstanceId).map_err(invalid)).transpose()?,
        group: params.get("resource_group_id").map(str::to_owned),
    })
}

/// The deletion of an instance as it was before it was decided on.
fn show(resource: Resource) -> Option<wire::Reclamation> {
    let crn = resource.crn();
    let Resource { id, group, account, reclamation, .. } = resource;
    let reclamation = reclamation?;
    let (due, at) = (date(reclamation.due()), date(reclamation.deleted.at));
    Some(wire::Reclamation {
        id: reclamation.id.to_string(),
        entity_id: id.to_string(),
        entity_type_id: "resource-instance",
        entity_crn: crn,
        resource_instance_id: id.to_string(),
        resource_group_id: group,
        account_id: account,
        policy_id: "default",
        state: "SCHEDULED",
        target_time: due,
        created_at: at.clone(),
        created_by: reclamation.deleted.by.clone(),
        updated_at: at,
        updated_by: reclamation.deleted.by,
    })
}
