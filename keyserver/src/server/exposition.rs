//! What monitors ask, on a listener of its own: `/metrics`, `/health` and `/ready`.
//!
//! *Invariant:* answers nothing else, and knows of no caller; it is answered until the process ends, so that monitors see how
//! the end goes too.

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use tokio::net::TcpListener;

use crate::{routes, state::App};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers monitors.
pub(super) async fn expose(listener: TcpListener, app: App) {
    let router = Router::new().route("/metrics", get(metrics)).merge(routes::well_being()).with_state(app);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "metrics");
    }
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], app.metrics.text())
}
