//! `/health` and `/ready`.
//!
//! *Invariant:* tells nothing but whether the server runs, and whether it takes requests: its store and its keys
//! can be used, and it was not told to stop.

use axum::{extract::State, response::IntoResponse};

use crate::{routes::reply, state::App};

pub(super) async fn health() -> impl IntoResponse {
    reply::health(true)
}

pub(super) async fn ready(State(app): State<App>) -> impl IntoResponse {
    let look = async { app.store.serves().await && app.custody.check().await.is_ok() };
    reply::health(!app.draining.is_cancelled() && app.readiness.of(&*app.clock, look).await)
}
