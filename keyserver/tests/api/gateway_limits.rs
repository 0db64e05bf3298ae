//! What a gateway does to spare its upstream and itself: one token for many, a pause after failures, no endless queue.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{any, post},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    support::Api,
    support_upstream::{ApiKeyFile, INSTANCE, Listening},
};

/// Counts what it is asked for.
#[derive(Default)]
struct Counts {
    tokens: AtomicUsize,
    calls: AtomicUsize,
}

type Shared = Arc<Counts>;

async fn token(State(counts): State<Shared>) -> Json<Value> {
    counts.tokens.fetch_add(1, Ordering::SeqCst);
    // Long enough for everybody to be waiting.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    Json(json!({"access_token": "tok", "token_type": "Bearer", "expires_in": 3600}))
}

async fn call(State(counts): State<Shared>) -> StatusCode {
    counts.calls.fetch_add(1, Ordering::SeqCst);
    StatusCode::INTERNAL_SERVER_ERROR
}

/// An upstream that gives tokens and fails at everything else.
async fn failing() -> (Shared, Listening, ApiKeyFile, Api) {
    let counts = Shared::default();
    let router =
        Router::new().route("/identity/token", post(token)).fallback(any(call)).with_state(Arc::clone(&counts));
    let upstream = Listening::start(router).await;
    let api_key = ApiKeyFile::new("an-api-key");
    let api = Api::new_with(|options| options.custody = api_key.custody(&upstream.url, INSTANCE)).await;
    (counts, upstream, api_key, api)
}

async fn make(api: &Api) -> crate::support::Answer {
    let body = crate::support::envelope(json!({"name": "a root key", "extractable": false}));
    api.post("/api/v2/keys").json(&body).send().await
}

#[tokio::test]
async fn callers_that_wait_for_a_token_wait_for_one() {
    let (counts, _upstream, _api_key, mut api) = failing().await;
    join_all((0..6).map(|_| make(&api))).await;
    assert_eq!(counts.tokens.load(Ordering::SeqCst), 1);
    assert_eq!(counts.calls.load(Ordering::SeqCst), 6);
    // Past four fifths of its life one caller gets the next one.
    api.advance(3000).await;
    join_all((0..2).map(|_| make(&api))).await;
    assert_eq!(counts.tokens.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_upstream_that_only_fails_is_left_alone_for_a_while() {
    let (counts, _upstream, _api_key, api) = failing().await;
    for _ in 0..8 {
        make(&api).await.refused(502, "UPSTREAM_FAILED_ERR");
    }
    let told = make(&api).await;
    told.refused(503, "UPSTREAM_PAUSED_ERR");
    assert_eq!(told.header("retry-after"), "6");
    assert_eq!(counts.calls.load(Ordering::SeqCst), 8, "it was not asked");
    assert_eq!(api.get("/ready").send().await.status, StatusCode::SERVICE_UNAVAILABLE);
    api.clock.advance(6);
    make(&api).await.refused(502, "UPSTREAM_FAILED_ERR");
    make(&api).await.refused(503, "UPSTREAM_PAUSED_ERR");
    assert_eq!(counts.calls.load(Ordering::SeqCst), 9, "one has tried");
}

#[tokio::test]
async fn a_slow_upstream_holds_so_many_callers_and_no_more() {
    let slow = Router::new()
        .route("/identity/token", post(token))
        .fallback(any(|| async { std::future::pending::<StatusCode>().await }))
        .with_state(Shared::default());
    let upstream = Listening::start(slow).await;
    let api_key = ApiKeyFile::new("an-api-key");
    let api = Api::new_with(|options| options.custody = api_key.custody(&upstream.url, INSTANCE)).await;
    let answers = join_all((0..140).map(|_| make(&api))).await;
    let busy: Vec<_> = answers.iter().filter(|answer| answer.text.contains("UPSTREAM_BUSY_ERR")).collect();
    assert_eq!(busy.len(), 140 - 128);
    assert!(busy.iter().all(|answer| answer.status == 503 && answer.header("retry-after") == "1"));
    let others = answers.iter().filter(|answer| answer.text.contains("UPSTREAM_TIMEOUT_ERR"));
    assert_eq!(others.count(), 128);
    // Nothing that needs no key of the upstream has to wait.
    api.get("/api/v2/keys").send().await.is(StatusCode::OK);
}
