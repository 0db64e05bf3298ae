//! `POST /api/v2/keys/{id}?action=…`, the older way to ask for an action.
//!
//! *Invariant:* answers exactly as the action's own path does; adds no rule.

use axum::extract::State;

use crate::{
    error::Error,
    iam::roles::Action,
    routes::{
        actions,
        extract::{Body, KeyName, Params, Prefer},
        keys,
        reply::Reply,
    },
    service::{call::Call, keys::unknown},
    state::App,
};

pub(super) async fn act(
    state: State<App>,
    call: Call,
    name: KeyName,
    params: Params,
    prefer: Prefer,
    body: Body,
) -> Reply {
    match params.get("action") {
        Some("wrap") => actions::wrap(state, call, name, body).await,
        Some("unwrap") => actions::unwrap(state, call, name, body).await,
        Some("rewrap") => actions::rewrap(state, call, name, body).await,
        Some("rotate") => actions::rotate(state, call, name, prefer, body).await,
        Some("restore") => keys::restore(state, call, name, prefer, body).await,
        Some("disable") => actions::disable(state, call, name).await,
        Some("enable") => actions::enable(state, call, name).await,
        Some("setKeyForDeletion") => actions::set_for_deletion(state, call, name).await,
        Some("unsetKeyForDeletion") => actions::unset_for_deletion(state, call, name).await,
        _ => {
            let why = "must be one of wrap, unwrap, rewrap, rotate, restore, disable, enable, setKeyForDeletion, \
                       unsetKeyForDeletion";
            Reply::empty(
                unknown(&state, call, Action::UnknownRequest, Error::InvalidQuery { name: "action", why }).await,
            )
        }
    }
}
