//! `/v1/policies`, `/v2/policies`.
//!
//! *Invariant:* extract → service → reply; both versions show the same policies, and a filter that is not understood is
//! refused, never ignored.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue},
};

use crate::{
    error::Error,
    iam::policy::{Policy, PolicyState, ServiceType},
    routes::{
        extract::{Body, IdInPath, IfMatch, Params},
        iam_policy_shape::{self as shape, rule_v1, rule_v2, show_v1, show_v2},
        reply::{Reply, etag},
        wire::iam as wire,
    },
    service::{
        call::Call,
        iam_policies::{self as service, PolicyPage, PolicyQuery, Sort, SortBy},
    },
    state::App,
};

/// As many as an account may have in IBM's cloud, give or take.
const MAX_LIMIT: usize = 5000;

pub(super) async fn create(State(app): State<App>, call: Call, body: Body) -> Reply {
    let made = service::create(&app, call, body.required().and_then(rule_v1)).await;
    Reply::with_headers(made, tagged(show_v1))
}

pub(super) async fn create_v2(State(app): State<App>, call: Call, body: Body) -> Reply {
    let made = service::create(&app, call, body.required().and_then(rule_v2)).await;
    Reply::with_headers(made, tagged(show_v2))
}

pub(super) async fn list(State(app): State<App>, call: Call, params: Params) -> Reply {
    Reply::json(service::list(&app, call, query(&params)).await, |page| collection(page, "/v1/policies", show_v1))
}

pub(super) async fn list_v2(State(app): State<App>, call: Call, params: Params) -> Reply {
    Reply::json(service::list(&app, call, query(&params)).await, |page| collection(page, "/v2/policies", show_v2))
}

pub(super) async fn read(State(app): State<App>, call: Call, IdInPath(id): IdInPath) -> Reply {
    Reply::with_headers(service::read(&app, call, id).await, tagged(show_v1))
}

pub(super) async fn read_v2(State(app): State<App>, call: Call, IdInPath(id): IdInPath) -> Reply {
    Reply::with_headers(service::read(&app, call, id).await, tagged(show_v2))
}

pub(super) async fn update(
    State(app): State<App>,
    call: Call,
    IdInPath(id): IdInPath,
    IfMatch(tag): IfMatch,
    body: Body,
) -> Reply {
    let updated = service::update(&app, call, id, tag, body.required().and_then(rule_v1)).await;
    Reply::with_headers(updated, tagged(show_v1))
}

pub(super) async fn update_v2(
    State(app): State<App>,
    call: Call,
    IdInPath(id): IdInPath,
    IfMatch(tag): IfMatch,
    body: Body,
) -> Reply {
    let updated = service::update(&app, call, id, tag, body.required().and_then(rule_v2)).await;
    Reply::with_headers(updated, tagged(show_v2))
}

pub(super) async fn restore(
    State(app): State<App>,
    call: Call,
    IdInPath(id): IdInPath,
    IfMatch(tag): IfMatch,
    body: Body,
) -> Reply {
    let restored = service::restore(&app, call, id, tag, body.required().and_then(is_active)).await;
    Reply::with_headers(restored, tagged(show_v1))
}

pub(super) async fn delete(State(app): State<App>, call: Call, IdInPath(id): IdInPath) -> Reply {
    Reply::empty(service::delete(&app, call, id).await)
}

fn is_active(body: wire::PolicyState) -> Result<(), Error> {
    match body.state.as_deref() {
        Some("active") => Ok(()),
        _ => Err(Error::InvalidField { name: "state", why: "must be active; a policy is deleted by DELETE" }),
    }
}

fn tagged<B>(show: impl FnOnce(Policy) -> B) -> impl FnOnce(Policy) -> (B, [(HeaderName, HeaderValue); 1]) {
    |policy| {
        let tag = etag(&policy.etag());
        (show(policy), [tag])
    }
}

fn collection<T>(page: PolicyPage, path: &str, show: fn(Policy) -> T) -> wire::Policies<T> {
    let PolicyPage { policies, limit, start, next } = page;
    let link = |start: usize| wire::Link {
        href: format!("{path}?limit={}&start={start}", limit.unwrap_or_default()),
        start: (start > 0).then(|| start.to_string()),
    };
    wire::Policies {
        limit,
        first: limit.map(|_| link(0)),
        next: limit.and(next).map(link),
        previous: limit.filter(|_| start > 0).map(|limit| link(start.saturating_sub(limit))),
        policies: policies.into_iter().map(show).collect(),
    }
}

fn query(params: &Params) -> Result<PolicyQuery, Error> {
    for name in ["access_group_id", "tag_name", "tag_value"] {
        if params.get(name).is_some() {
            return Err(Error::InvalidQuery { name, why: "access groups and tags are not offered" });
        }
    }
    // Roles are always shown by name; when a policy last let somebody in is not kept.
    one_of(params, "format", |word| ["display", "include_last_permit"].contains(&word).then_some(()))?;
    let account = params.get("account_id").map(str::to_owned);
    let policy_type = one_of(params, "type", |word| shape::TYPES.contains(&word).then(|| word.to_owned()))?;
    Ok(PolicyQuery {
        account: account.ok_or(Error::InvalidQuery { name: "account_id", why: "required" })?,
        policy_type,
        service_type: one_of(params, "service_type", ServiceType::from_word)?,
        state: one_of(params, "state", PolicyState::from_word)?.unwrap_or(PolicyState::Active),
        subject: params.get("iam_id").map(str::to_owned),
        sort: one_of(params, "sort", sort)?,
        limit: params.number("limit", 1..=MAX_LIMIT, "must be a number from 1 to 5000")?,
        start: params.number("start", 0..=usize::MAX, "not a page that an answer pointed to")?.unwrap_or(0),
    })
}

fn one_of<T>(params: &Params, name: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Error> {
    let unknown = Error::InvalidQuery { name, why: "not one of the words that IBM's API has here" };
    params.get(name).map(|word| read(word).ok_or(unknown)).transpose()
}

fn sort(word: &str) -> Option<Sort> {
    let (descending, field) = word.strip_prefix('-').map_or((false, word), |field| (true, field));
    let by = match field {
        "id" | "href" => SortBy::Id,
        "type" => SortBy::Type,
        "created_at" => SortBy::CreatedAt,
        "created_by_id" => SortBy::CreatedBy,
        "last_modified_at" => SortBy::ModifiedAt,
        "last_modified_by_id" => SortBy::ModifiedBy,
        "state" => SortBy::State,
        _ => return None,
    };
    Some(Sort { by, descending })
}
