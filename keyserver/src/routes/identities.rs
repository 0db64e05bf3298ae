//! `/v1/serviceids`, `/v1/apikeys`.
//!
//! *Invariant:* extract → service → reply.

use axum::extract::State;
use uuid::Uuid;

use crate::{
    error::Error,
    iam::identity::ServiceId,
    keys::crn::Crn,
    routes::{extract::Body, keys::date, reply::Reply, wire::iam as wire},
    service::{
        call::Call,
        identities::{self as service, CreatedApiKey, NewApiKey, NewServiceId},
    },
    state::App,
};

pub(super) async fn create_service_id(State(app): State<App>, call: Call, body: Body) -> Reply {
    let input = body.required().and_then(new_service_id);
    Reply::json(service::create_service_id(&app, call, input).await, show_service_id)
}

pub(super) async fn service_ids(State(app): State<App>, call: Call) -> Reply {
    Reply::json(service::service_ids(&app, call).await, |identities| wire::ServiceIds {
        offset: 0,
        limit: identities.len(),
        serviceids: identities.into_iter().map(show_service_id).collect(),
    })
}

pub(super) async fn create_api_key(State(app): State<App>, call: Call, body: Body) -> Reply {
    let input = body.required().and_then(new_api_key);
    Reply::json(service::create_api_key(&app, call, input).await, show_api_key)
}

const fn missing(name: &'static str) -> Error {
    Error::InvalidField { name, why: "required" }
}

fn new_service_id(body: wire::CreateServiceId) -> Result<NewServiceId, Error> {
    const CRNS: Error = Error::InvalidField { name: "unique_instance_crns", why: "at most 10 CRNs of services" };
    let crns = body.unique_instance_crns.unwrap_or_default();
    let operates: Option<Vec<Crn>> = crns.iter().map(|crn| Crn::parse(crn)).collect();
    Ok(NewServiceId {
        operates: operates.filter(|crns| crns.len() <= 10).ok_or(CRNS)?,
        name: body.name.filter(|name| !name.is_empty()).ok_or(missing("name"))?,
        description: body.description,
        account: body.account_id.ok_or(missing("account_id"))?,
    })
}

fn new_api_key(body: wire::CreateApiKey) -> Result<NewApiKey, Error> {
    let iam_id = body.iam_id.ok_or(missing("iam_id"))?;
    let owner = iam_id.strip_prefix("iam-ServiceId-").and_then(|id| Uuid::try_parse(id).ok());
    Ok(NewApiKey {
        name: body.name.filter(|name| !name.is_empty()).ok_or(missing("name"))?,
        description: body.description,
        owner: owner.ok_or(Error::InvalidField { name: "iam_id", why: "not the IAM id of a service ID" })?,
    })
}

fn show_service_id(identity: ServiceId) -> wire::ServiceId {
    let created = date(identity.created_at);
    wire::ServiceId {
        id: identity.subject(),
        iam_id: identity.iam_id(),
        entity_tag: format!("1-{}", identity.id.simple()),
        crn: format!("crn:v1:bluemix:public:iam-identity::a/{}::serviceid:{}", identity.account, identity.subject()),
        locked: false,
        created_at: created.clone(),
        modified_at: created,
        account_id: identity.account,
        unique_instance_crns: identity.operates.iter().map(ToString::to_string).collect(),
        name: identity.name,
        description: identity.description,
    }
}

fn show_api_key(created: CreatedApiKey) -> wire::ApiKey {
    let CreatedApiKey { key, account, value } = created;
    let at = date(key.created_at);
    wire::ApiKey {
        id: format!("ApiKey-{}", key.id),
        entity_tag: format!("1-{}", key.id.simple()),
        crn: format!("crn:v1:bluemix:public:iam-identity::a/{account}::apikey:ApiKey-{}", key.id),
        locked: false,
        created_at: at.clone(),
        created_by: key.created_by,
        modified_at: at,
        name: key.name,
        description: key.description,
        iam_id: format!("iam-ServiceId-{}", key.owner),
        account_id: account,
        apikey: value,
    }
}
