//! A gateway against recorded exchanges with its upstream: what is asked, what is believed, and what its caller is told.

use std::sync::{Arc, LazyLock};

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::{
    support::{Answer, Api},
    support_upstream::{ApiKeyFile, INSTANCE, Listening, Script},
};

const TRANSCRIPTS: &str = include_str!("../vectors/gateway/transcripts.json");

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(TRANSCRIPTS).expect("JSON"));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_transcript_ends_as_it_says() {
    let cases = DOCUMENT["cases"].as_array().expect("cases");
    // Some at the same time, as a few are about waiting; not all, as the rest must not wait.
    let turns = Arc::new(Semaphore::new(4));
    let told = cases.iter().map(|case| {
        let turns = Arc::clone(&turns);
        tokio::spawn(async move {
            let _turn = turns.acquire().await.expect("never closed");
            replay(&DOCUMENT, case).await;
        })
    });
    let told: Vec<_> = told.collect();
    let mut failed = Vec::new();
    for (case, told) in cases.iter().zip(told) {
        if told.await.is_err() {
            failed.push(&case["id"]);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

async fn replay(document: &Value, case: &Value) {
    let id = case["id"].as_str().expect("an id");
    let script = Script::default();
    let upstream = Listening::start(script.router()).await;
    let api_key = ApiKeyFile::new("key-of-the-gateway");
    let custody = api_key.custody(&upstream.url, INSTANCE);
    let mut api = Api::new_with(|options| options.custody = custody.clone()).await;
    let mut key = String::new();
    if case["fresh"] != true {
        script.goes_on(&document["prelude"]);
        key = api.root_key().await;
        script.is_over(id);
    }
    if case["restarted"] == true {
        api = api.restart_with(|options| options.custody = custody).await;
    }
    script.goes_on(&case["steps"]);
    let answer = call(&api, &key, case["call"].as_str().expect("a call"), document).await;
    script.is_over(id);
    let result = &case["result"];
    assert_eq!(answer.status.as_u16(), result["status"], "{id}: {}", answer.text);
    if let Some(code) = result["code"].as_str() {
        answer.refused(answer.status.as_u16(), code);
    }
    let retry_after = answer.headers.get("retry-after").and_then(|value| value.to_str().ok());
    assert_eq!(retry_after, result["retryAfter"].as_str(), "{id}");
    for field in ["plaintext", "ciphertext"] {
        if let Some(value) = result[field].as_str() {
            assert_eq!(answer.json[field], value, "{id}");
        }
    }
    for field in ["keyVersion", "rewrappedKeyVersion"] {
        if let Some(version) = result[field].as_str() {
            assert_eq!(answer.json[field]["id"], version, "{id}");
        }
    }
    assert_eq!(answer.json.get("rewrappedKeyVersion").is_some(), expects_fresh(case), "{id}");
    let events = api.events();
    let event = events.last().expect("an event");
    assert_eq!(event["reason"]["reasonCode"], answer.status.as_u16(), "{id}: {event}");
    if let Some(upstream) = result["upstream"].as_str() {
        assert_eq!(event["responseData"]["upstreamCorrelationId"], upstream, "{id}");
    }
    if result["code"].as_str().is_some_and(|code| code.starts_with("UPSTREAM_")) {
        assert!(event["responseData"]["upstreamCorrelationId"].is_string(), "{id}: {event}");
    }
    for secret in ["key-of-the-gateway", "tok-1", document["dataKey"].as_str().expect("text")] {
        assert!(!events.iter().any(|event| event.to_string().contains(secret)), "{id}: a secret is in an event");
        assert!(answer.status == StatusCode::OK || !answer.text.contains(secret), "{id}: {}", answer.text);
    }
    assert!(!answer.text.contains("a text that nobody repeats"), "{id}: {}", answer.text);
}

fn expects_fresh(case: &Value) -> bool {
    case["result"]["rewrappedKeyVersion"].is_string() || (case["call"] == "rewrap" && case["result"]["status"] == 200)
}

async fn call(api: &Api, key: &str, name: &str, document: &Value) -> Answer {
    let wrapped = json!({"ciphertext": document["wrapped"], "aad": ["tenant-7"]});
    match name {
        "wrap" => api.act(key, "wrap", json!({"plaintext": document["dataKey"], "aad": ["tenant-7"]})).await,
        "unwrap" | "rewrap" => api.act(key, name, wrapped).await,
        "rotate" => api.act(key, "rotate", json!({})).await,
        "create" => {
            let body = crate::support::envelope(json!({"name": "a root key", "extractable": false}));
            api.post("/api/v2/keys").json(&body).send().await
        }
        other => panic!("no call {other}"),
    }
}
