//! What the server remembers for speed is never used after it was revoked: here at once, elsewhere within a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use envelock_keyserver::server::Server;
use serde_json::json;
use tower::ServiceExt;

use crate::{
    instance_policies::set,
    support::{Api, READER},
};

/// Seconds between two changes of a key's state, at least.
const PAUSE: i64 = 31;
const ROUNDS: usize = 20;

#[tokio::test]
async fn a_removed_policy_and_a_disabled_key_stop_the_next_request() {
    let api = Api::new().await;
    let (key, someone) = (api.root_key().await, api.someone(&[READER], &[]).await);
    let wrap = || api.post(&format!("/api/v2/keys/{key}/actions/wrap")).token(&someone.token).send();
    for _ in 0..3 {
        wrap().await.is(StatusCode::OK);
    }
    api.act(&key, "disable", json!({})).await.is(StatusCode::NO_CONTENT);
    wrap().await.refused(409, "KEY_ACTION_INVALID_STATE_ERR");
    api.clock.advance(PAUSE);
    api.act(&key, "enable", json!({})).await.is(StatusCode::NO_CONTENT);
    wrap().await.is(StatusCode::OK);
    api.remove_policy(&someone.policy).await;
    wrap().await.refused(401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn an_instance_policy_and_a_rotation_count_for_the_next_request() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let first = api.wrap(&key, json!({})).await["keyVersion"]["id"].clone();
    assert_eq!(api.wrap(&key, json!({})).await["keyVersion"]["id"], first);
    api.act(&key, "rotate", json!({})).await.is(StatusCode::NO_CONTENT);
    assert_ne!(api.wrap(&key, json!({})).await["keyVersion"]["id"], first);
    let data = json!({"enabled": true, "attributes": {"allowed_network": "private-only"}});
    set(&api, "allowedNetwork", data).await.is(StatusCode::NO_CONTENT);
    api.act(&key, "wrap", json!({})).await.refused(401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn a_key_that_is_remembered_for_one_caller_is_not_shown_to_another() {
    let api = Api::new().await;
    let (key, other) = (api.root_key().await, api.root_key().await);
    api.wrap(&key, json!({})).await;
    let narrow = api.someone(&[READER], &[("resourceType", "key"), ("resource", &other)]).await;
    let wrap = |key: &str| api.post(&format!("/api/v2/keys/{key}/actions/wrap")).token(&narrow.token).send();
    wrap(&other).await.is(StatusCode::OK);
    wrap(&key).await.refused(401, "UNAUTHORIZED_ERR");
    let path = format!("/api/v2/keys/{key}/actions/wrap");
    let elsewhere = api.post(&path).header("x-kms-key-ring", "other-ring").send().await;
    elsewhere.refused(404, "KEY_NOT_FOUND_ERR");
}

#[tokio::test]
async fn a_remembered_api_key_and_token_expire_by_the_clock() {
    let api = Api::new().await;
    let (key, someone) = (api.root_key().await, api.someone(&[READER], &[]).await);
    let listed = api.get(&format!("/v1/apikeys?scope=account&iam_id={}", someone.iam_id)).send().await;
    let id = listed.json["apikeys"][0]["id"].as_str().expect("an id").to_owned();
    let expires = json!({"name": "key", "expires_at": "2026-01-10T09:10:00Z"});
    let put = api.call(Method::PUT, &format!("/v1/apikeys/{id}")).header("if-match", "*").json(&expires);
    put.send().await.is(StatusCode::OK);
    let wrap = |token: &str| api.post(&format!("/api/v2/keys/{key}/actions/wrap")).token(token).send();
    wrap(&someone.token).await.is(StatusCode::OK);
    wrap(&api.token).await.is(StatusCode::OK);
    api.clock.advance(600);
    wrap(&someone.token).await.refused(401, "UNAUTHORIZED_ERR");
    wrap(&api.token).await.is(StatusCode::OK);
    api.clock.advance(3000);
    wrap(&api.token).await.refused(401, "UNAUTHORIZED_ERR");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revocation_holds_while_many_requests_are_under_way() {
    let api = Arc::new(Api::new().await);
    let key = api.root_key().await;
    // Of four: 0 enabled, 1 being disabled, 2 disabled, 3 being enabled.
    let phase = Arc::new(AtomicUsize::new(0));
    let users: Vec<_> = (0..8)
        .map(|_| {
            let (api, key, phase) = (Arc::clone(&api), key.clone(), Arc::clone(&phase));
            tokio::spawn(async move {
                let mut seen = [0; 2];
                loop {
                    let before = phase.load(Ordering::SeqCst);
                    let answer = api.act(&key, "wrap", json!({})).await;
                    if before == phase.load(Ordering::SeqCst) {
                        match before % 4 {
                            0 => answer.is(StatusCode::OK),
                            2 => answer.refused(409, "KEY_ACTION_INVALID_STATE_ERR"),
                            _ => continue,
                        };
                        seen[before % 4 / 2] += 1;
                    }
                    if before == ROUNDS * 4 {
                        return seen;
                    }
                }
            })
        })
        .collect();
    for _ in 0..ROUNDS {
        for action in ["disable", "enable"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
            api.clock.advance(PAUSE);
            phase.fetch_add(1, Ordering::SeqCst);
            api.act(&key, action, json!({})).await.is(StatusCode::NO_CONTENT);
            phase.fetch_add(1, Ordering::SeqCst);
        }
    }
    let mut seen = [0; 2];
    for user in users {
        let of_user = user.await.expect("no answer was wrong");
        seen = [seen[0] + of_user[0], seen[1] + of_user[1]];
    }
    assert!(seen[0] > 0 && seen[1] > 0, "both were seen: {seen:?}");
}

#[tokio::test]
async fn a_change_by_another_server_counts_within_a_second() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let (other, _directory) = api.replica().await;
    assert_eq!(wrap_at(&other, &api, &key).await, StatusCode::OK);
    api.act(&key, "disable", json!({})).await.is(StatusCode::NO_CONTENT);
    let changed = Instant::now();
    tokio::time::sleep(Duration::from_millis(900)).await;
    let status = wrap_at(&other, &api, &key).await;
    assert_eq!(status, StatusCode::CONFLICT, "after {:?}", changed.elapsed());
}

async fn wrap_at(server: &Server, api: &Api, key: &str) -> StatusCode {
    let request = Request::post(format!("/api/v2/keys/{key}/actions/wrap"))
        .header("authorization", format!("Bearer {}", api.token))
        .header("bluemix-instance", &api.instance);
    let request = request.body(Body::empty()).expect("a legal request");
    server.router.clone().oneshot(request).await.expect("infallible").status()
}
