//! `/v1/apikeys`.
//!
//! *Invariant:* extract → service → reply; a value is in one answer only.

use axum::extract::State;
use jiff::Timestamp;

use crate::{
    audit::Answer,
    error::Error,
    iam::{identity::ApiKey, roles::IdentityAction},
    routes::{
        extract::{Body, EntityHeaders, IfMatch, Params, PrefixedId},
        identity_lists::{listing, pages},
        keys::date,
        reply::{Reply, etag},
        wire::iam as wire,
    },
    service::{
        api_keys::{self as service, ApiKeyChange, ApiKeyQuery, ApiKeyView, NewApiKey},
        call::Call,
    },
    state::App,
};

const PREFIX: &str = "ApiKey-";

pub(super) async fn create(State(app): State<App>, call: Call, headers: EntityHeaders, body: Body) -> Reply {
    let input = body.required().and_then(|body| new(body, &headers));
    shown(service::create(&app, call, input).await)
}

pub(super) async fn list(State(app): State<App>, call: Call, params: Params) -> Reply {
    Reply::json(service::list(&app, call, query(&params)).await, |listed| wire::ApiKeys {
        pages: pages("/v1/apikeys", &listed),
        apikeys: listed.entries.into_iter().map(|key| show(ApiKeyView { key, value: None })).collect(),
    })
}

pub(super) async fn read(State(app): State<App>, call: Call, id: PrefixedId) -> Reply {
    shown(service::read(&app, call, id.of(PREFIX)).await)
}

pub(super) async fn details(State(app): State<App>, call: Call, headers: EntityHeaders) -> Reply {
    const MISSING: Error = Error::InvalidField { name: "IAM-Apikey", why: "the header is required" };
    shown(service::details(&app, call, headers.api_key.ok_or(MISSING)).await)
}

pub(super) async fn update(
    State(app): State<App>,
    call: Call,
    id: PrefixedId,
    IfMatch(tag): IfMatch,
    body: Body,
) -> Reply {
    let change = body.required().and_then(|body: wire::ApiKeyIn| {
        require_plain(&body)?;
        let expires_at = body.expires_at.as_deref().map(expiry).transpose()?;
        Ok(ApiKeyChange::Update { etag: tag, name: body.name, description: body.description, expires_at })
    });
    let id = id.of(PREFIX);
    shown(service::change(&app, call, id, IdentityAction::Update, change, Answer::Content).await)
}

pub(super) async fn lock(State(app): State<App>, call: Call, id: PrefixedId) -> Reply {
    set(&app, call, &id, ApiKeyChange::Lock(true), IdentityAction::Lock).await
}

pub(super) async fn unlock(State(app): State<App>, call: Call, id: PrefixedId) -> Reply {
    set(&app, call, &id, ApiKeyChange::Lock(false), IdentityAction::Unlock).await
}

pub(super) async fn disable(State(app): State<App>, call: Call, id: PrefixedId) -> Reply {
    set(&app, call, &id, ApiKeyChange::Disable(true), IdentityAction::Disable).await
}

pub(super) async fn enable(State(app): State<App>, call: Call, id: PrefixedId) -> Reply {
    set(&app, call, &id, ApiKeyChange::Disable(false), IdentityAction::Enable).await
}

async fn set(app: &App, call: Call, id: &PrefixedId, change: ApiKeyChange, action: IdentityAction) -> Reply {
    Reply::empty(service::change(app, call, id.of(PREFIX), action, Ok(change), Answer::Empty).await)
}

pub(super) async fn delete(State(app): State<App>, call: Call, id: PrefixedId) -> Reply {
    Reply::empty(service::delete(&app, call, id.of(PREFIX)).await)
}

fn new(body: wire::ApiKeyIn, headers: &EntityHeaders) -> Result<NewApiKey, Error> {
    require_plain(&body)?;
    let missing = |name| Error::InvalidField { name, why: "required" };
    let known = |iam_id: &String| iam_id.starts_with("iam-ServiceId-") || iam_id.starts_with("IBMid-");
    let owner = body.iam_id.ok_or(missing("iam_id"))?;
    Ok(NewApiKey {
        name: body.name.ok_or(missing("name"))?,
        description: body.description,
        owner: Some(owner)
            .filter(known)
            .ok_or(Error::InvalidField { name: "iam_id", why: "not the IAM id of a user or service ID" })?,
        account: body.account_id,
        expires_at: body.expires_at.as_deref().map(expiry).transpose()?,
        disabled: headers.disabled,
        locked: headers.locked,
    })
}

fn require_plain(body: &wire::ApiKeyIn) -> Result<(), Error> {
    if body.apikey.is_some() {
        return Err(Error::InvalidField { name: "apikey", why: "values are drawn here and cannot be chosen" });
    }
    if body.store_value == Some(true) { Err(Error::ValueNotKept) } else { Ok(()) }
}

fn expiry(text: &str) -> Result<Timestamp, Error> {
    text.parse().map_err(|_| Error::InvalidField { name: "expires_at", why: "not an RFC 3339 date" })
}

fn query(params: &Params) -> Result<ApiKeyQuery, Error> {
    const SCOPE: Error = Error::InvalidQuery { name: "scope", why: "must be entity or account" };
    const TYPE: Error = Error::InvalidQuery { name: "type", why: "must be user or serviceid" };
    Ok(ApiKeyQuery {
        account: params.get("account_id").map(str::to_owned),
        owner: params.get("iam_id").map(str::to_owned),
        whole_account: match params.get("scope") {
            None | Some("entity") => false,
            Some("account") => true,
            Some(_) => return Err(SCOPE),
        },
        of_users: match params.get("type") {
            None => None,
            Some("user") => Some(true),
            Some("serviceid") => Some(false),
            Some(_) => return Err(TYPE),
        },
        listing: listing(params)?,
    })
}

fn shown(audited: crate::audit::Audited<ApiKeyView>) -> Reply {
    Reply::with_headers(audited, |view| {
        let tag = etag(&view.key.upkeep.etag(view.key.id));
        (show(view), [tag])
    })
}

fn show(view: ApiKeyView) -> wire::ApiKey {
    let ApiKeyView { key, value } = view;
    let ApiKey { id, name, description, account, owner, created_by, expires_at, disabled, upkeep, .. } = key;
    wire::ApiKey {
        id: format!("{PREFIX}{id}"),
        entity_tag: upkeep.etag(id),
        crn: format!("crn:v1:bluemix:public:iam-identity::a/{account}::apikey:{PREFIX}{id}"),
        locked: upkeep.locked,
        disabled,
        created_at: date(upkeep.created_at),
        created_by,
        modified_at: date(upkeep.modified_at),
        expires_at: expires_at.map(date),
        name,
        description,
        iam_id: owner,
        account_id: account,
        apikey: value,
    }
}
