//! `/services/v1/{instance}/api/v2/keys/{key}/actions/…`: Key Protect as a service instance shows it, with its one key.
//!
//! *Invariant:* the same requests and answers as those of Key Protect itself, made by the same functions.

use axum::extract::State;

use crate::{
    routes::{
        actions,
        extract::{Body, services::KeyOfInstance},
        reply::Reply,
    },
    service::call::Call,
    state::App,
};

pub(super) async fn wrap(State(app): State<App>, call: Call, path: KeyOfInstance, body: Body) -> Reply {
    let (call, name) = path.through(call);
    actions::wrap(State(app), call, name, body).await
}

pub(super) async fn unwrap(State(app): State<App>, call: Call, path: KeyOfInstance, body: Body) -> Reply {
    let (call, name) = path.through(call);
    actions::unwrap(State(app), call, name, body).await
}

pub(super) async fn rewrap(State(app): State<App>, call: Call, path: KeyOfInstance, body: Body) -> Reply {
    let (call, name) = path.through(call);
    actions::rewrap(State(app), call, name, body).await
}
