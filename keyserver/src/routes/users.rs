//! `/v2/accounts/{account}/users`.
//!
//! *Invariant:* extract → service → reply.

use axum::extract::State;

use crate::{
    error::Error,
    iam::user::User,
    routes::{
        extract::{AccountInPath, Body, Params, UserInPath},
        keys::date,
        reply::Reply,
        wire::iam as wire,
    },
    service::{
        call::Call,
        users::{self as service, UserChange},
    },
    state::App,
};

const ACTIVE: &str = "ACTIVE";
/// IBM's word for a user who may not sign in to what it calls classic infrastructure; the nearest there is to "may not".
const INACTIVE: &str = "DISABLED_CLASSIC_INFRASTRUCTURE";

pub(super) async fn invite(
    State(app): State<App>,
    call: Call,
    AccountInPath(account): AccountInPath,
    body: Body,
) -> Reply {
    let email = body.required().and_then(invited);
    Reply::json(service::invite(&app, call, account, email).await, |user| wire::Invited {
        resources: [wire::InvitedAs { email: user.email, id: user.iam_id, state: ACTIVE }],
    })
}

pub(super) async fn list(
    State(app): State<App>,
    call: Call,
    AccountInPath(account): AccountInPath,
    params: Params,
) -> Reply {
    let email = params.get("user_id").map(str::to_owned);
    Reply::json(service::list(&app, call, account, email).await, |users| wire::Users {
        total_results: users.len(),
        limit: users.len(),
        resources: users.into_iter().map(show).collect(),
    })
}

pub(super) async fn read(State(app): State<App>, call: Call, who: UserInPath) -> Reply {
    Reply::json(service::read(&app, call, who.account, who.iam_id).await, show)
}

pub(super) async fn update(State(app): State<App>, call: Call, who: UserInPath, body: Body) -> Reply {
    let change = body.required().and_then(change);
    Reply::empty(service::update(&app, call, who.account, who.iam_id, change).await)
}

pub(super) async fn remove(State(app): State<App>, call: Call, who: UserInPath) -> Reply {
    Reply::empty(service::remove(&app, call, who.account, who.iam_id).await)
}

fn invited(body: wire::Invitation) -> Result<String, Error> {
    const ONE: Error = Error::InvalidField { name: "users", why: "exactly one entry is needed" };
    const EMAIL: Error = Error::InvalidField { name: "email", why: "required" };
    let given = |list: Option<Vec<_>>| list.is_some_and(|list: Vec<serde::de::IgnoredAny>| !list.is_empty());
    if given(body.iam_policy) || given(body.access_groups) {
        return Err(Error::InvalidField { name: "iam_policy", why: "give access by a policy of its own" });
    }
    let [user] = <[wire::InvitedUser; 1]>::try_from(body.users.unwrap_or_default()).map_err(|_| ONE)?;
    user.email.ok_or(EMAIL)
}

fn change(body: wire::UserIn) -> Result<UserChange, Error> {
    let active = match body.state.as_deref() {
        None => None,
        Some(ACTIVE) => Some(true),
        Some(INACTIVE) => Some(false),
        Some(_) => {
            let why = "must be ACTIVE or DISABLED_CLASSIC_INFRASTRUCTURE";
            return Err(Error::InvalidField { name: "state", why });
        }
    };
    Ok(UserChange { first_name: body.firstname, last_name: body.lastname, email: body.email, active })
}

fn show(user: User) -> wire::User {
    wire::User {
        id: user.identifier().to_owned(),
        realm: "IBMid",
        user_id: user.email.clone(),
        state: if user.active { ACTIVE } else { INACTIVE },
        added_on: date(user.created_at),
        iam_id: user.iam_id,
        firstname: user.first_name,
        lastname: user.last_name,
        email: user.email,
        account_id: user.account,
    }
}
