//! Around every request: its id, its log line, the headers that every answer has.
//!
//! *Invariant:* logs method, path, status and duration; never a query, header, body or cookie.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;
use uuid::Uuid;

use crate::{metrics::Counted, routes::reply, spans::RequestSpans, state::App};

const CORRELATION_HEADERS: [&str; 3] = ["correlation-id", "x-correlation-id", "x-request-id"];

/// Id of a request, given by the caller or made here.
#[derive(Clone, Copy)]
pub(super) struct Correlation(pub(super) Uuid);

/// Runs the request to its end even if the client goes away, so that what was changed is also recorded.
pub(super) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let correlation = correlation_of(&request).unwrap_or_else(new_correlation);
    request.extensions_mut().insert(Correlation(correlation));
    let route = route_of(&request);
    let _under_way = Counted::up(&app.metrics.under_way);
    let spans = RequestSpans::begin(method.as_str(), route.as_deref(), request.headers(), correlation);
    let run = next.run(request).instrument(spans.log.clone()).instrument(spans.trace.clone());
    let handled = app.tasks.spawn(run).await;
    let mut response = handled.unwrap_or_else(|_| reply::crashed(correlation).into_response());
    add_headers(&mut response, correlation);
    app.metrics.answered(method.as_str(), route.as_deref(), response.status().as_u16(), started.elapsed());
    spans.end(response.status().as_u16());
    log(&method, &path, &response, started, correlation);
    response
}

/// The request's line in the route table, if it has one.
fn route_of(request: &Request) -> Option<String> {
    let route = request.extensions().get::<MatchedPath>()?.as_str();
    // A nested router's fallback has a made-up one.
    (!route.contains("__private")).then(|| route.to_owned())
}

fn correlation_of(request: &Request) -> Option<Uuid> {
    let header = CORRELATION_HEADERS.iter().find_map(|name| request.headers().get(*name))?;
    header.to_str().ok().and_then(|text| Uuid::try_parse(text).ok())
}

fn new_correlation() -> Uuid {
    // Not a secret and not a key: it only has to differ between requests.
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => uuid::Builder::from_random_bytes(bytes).into_uuid(),
        Err(_) => Uuid::nil(),
    }
}

fn add_headers(response: &mut Response, correlation: Uuid) {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(&correlation.to_string()) {
        headers.insert("correlation-id", value);
    }
}

fn log(method: &Method, path: &str, response: &Response, started: Instant, correlation: Uuid) {
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, path, status = response.status().as_u16(), milliseconds, %correlation, "request");
}
