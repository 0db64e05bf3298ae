//! `/v1/serviceids`.
//!
//! *Invariant:* extract → service → reply.

use axum::extract::State;

use crate::{
    error::Error,
    iam::{identity::ServiceId, roles::IdentityAction},
    keys::crn::Crn,
    routes::{
        extract::{Body, EntityHeaders, IfMatch, Params, PrefixedId},
        identity_lists::{listing, pages},
        keys::date,
        reply::{Reply, etag},
        wire::iam as wire,
    },
    service::{
        call::Call,
        identities::{self as service, NewServiceId, ServiceIdChange},
    },
    state::App,
};

const PREFIX: &str = "ServiceId-";
const MAX_OPERATED: usize = 10;

pub(super) async fn create(State(app): State<App>, call: Call, headers: EntityHeaders, body: Body) -> Reply {
    let input = body.required().and_then(|body| new(body, headers.locked));
    Reply::with_headers(service::create(&app, call, input).await, |identity| {
        let tag = etag(&identity.upkeep.etag(identity.id));
        (show(identity), [tag])
    })
}

pub(super) async fn list(State(app): State<App>, call: Call, params: Params) -> Reply {
    let (account, name) = (params.get("account_id").map(str::to_owned), params.get("name").map(str::to_owned));
    Reply::json(service::list(&app, call, account, name, listing(&params)).await, |listed| wire::ServiceIds {
        pages: pages("/v1/serviceids/", &listed),
        serviceids: listed.entries.into_iter().map(show).collect(),
    })
}

pub(super) async fn read(State(app): State<App>, call: Call, id: PrefixedId) -> Reply {
    Reply::with_headers(service::read(&app, call, id.of(PREFIX)).await, |identity| {
        let tag = etag(&identity.upkeep.etag(identity.id));
        (show(identity), [tag])
    })
}

pub(super) async fn update(
    State(app): State<App>,
    call: Call,
    id: PrefixedId,
    IfMatch(tag): IfMatch,
    body: Body,
) -> Reply {
    let change = body.required().and_then(|body| update_of(body, tag));
    let changed = service::change(&app, call, id.of(PREFIX), IdentityAction::Update, change).await;
    Reply::with_headers(changed, |identity| {
        let tag = etag(&identity.upkeep.etag(identity.id));
        (show(identity), [tag])
    })
}

pub(super) async fn lock(State(app): State<App>, call: Call, id: PrefixedId) -> Reply {
    let change = Ok(ServiceIdChange::Lock(true));
    Reply::json(service::change(&app, call, id.of(PREFIX), IdentityAction::Lock, change).await, show)
}

pub(super) async fn unlock(State(app): State<App>, call: Call, id: PrefixedId) -> Reply {
    let change = Ok(ServiceIdChange::Lock(false));
    Reply::json(service::change(&app, call, id.of(PREFIX), IdentityAction::Unlock, change).await, show)
}

pub(super) async fn delete(State(app): State<App>, call: Call, id: PrefixedId) -> Reply {
    Reply::empty(service::delete(&app, call, id.of(PREFIX)).await)
}

fn new(body: wire::ServiceIdIn, locked: bool) -> Result<NewServiceId, Error> {
    const MISSING_NAME: Error = Error::InvalidField { name: "name", why: "required" };
    const MISSING_ACCOUNT: Error = Error::InvalidField { name: "account_id", why: "required" };
    require_plain(&body)?;
    Ok(NewServiceId {
        name: body.name.ok_or(MISSING_NAME)?,
        description: body.description,
        account: body.account_id.ok_or(MISSING_ACCOUNT)?,
        operates: operates(&body.unique_instance_crns.unwrap_or_default())?,
        locked,
    })
}

fn update_of(body: wire::ServiceIdIn, etag: Result<String, Error>) -> Result<ServiceIdChange, Error> {
    require_plain(&body)?;
    Ok(ServiceIdChange::Update {
        etag,
        name: body.name,
        description: body.description,
        operates: body.unique_instance_crns.map(|crns| operates(&crns)).transpose()?,
    })
}

fn require_plain(body: &wire::ServiceIdIn) -> Result<(), Error> {
    if body.apikey.is_some() {
        return Err(Error::InvalidField { name: "apikey", why: "make the API key by a request of its own" });
    }
    if body.group_id.is_some() {
        return Err(Error::InvalidField { name: "group_id", why: "groups of service IDs are not offered" });
    }
    Ok(())
}

fn operates(crns: &[String]) -> Result<Vec<Crn>, Error> {
    const CRNS: Error = Error::InvalidField { name: "unique_instance_crns", why: "at most 10 CRNs of services" };
    let parsed: Option<Vec<Crn>> = crns.iter().map(|crn| Crn::parse(crn)).collect();
    parsed.filter(|crns| crns.len() <= MAX_OPERATED).ok_or(CRNS)
}

fn show(identity: ServiceId) -> wire::ServiceId {
    wire::ServiceId {
        id: identity.subject(),
        iam_id: identity.iam_id(),
        entity_tag: identity.upkeep.etag(identity.id),
        crn: format!("crn:v1:bluemix:public:iam-identity::a/{}::serviceid:{}", identity.account, identity.subject()),
        locked: identity.upkeep.locked,
        created_at: date(identity.upkeep.created_at),
        modified_at: date(identity.upkeep.modified_at),
        account_id: identity.account,
        unique_instance_crns: identity.operates.iter().map(ToString::to_string).collect(),
        name: identity.name,
        description: identity.description,
    }
}
