//! `/health` and `/ready`.
//!
//! *Invariant:* tells nothing but whether the server runs and whether its store and its keys can be used.

use axum::{extract::State, response::IntoResponse};

use crate::{routes::reply, state::App};

pub(super) async fn health() -> impl IntoResponse {
    reply::health(true)
}

pub(super) async fn ready(State(app): State<App>) -> impl IntoResponse {
    reply::health(app.store.serves().await && app.custody.check().await.is_ok())
}
