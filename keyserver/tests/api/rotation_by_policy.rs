//! Rotation by policy, with the clock moved by hand.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Api;

const DAY: i64 = 86_400;

async fn set(api: &Api, key: &str, rotation: Value) {
    let body = json!({
        "metadata": {"collectionType": "application/vnd.ibm.kms.policy+json", "collectionTotal": 1},
        "resources": [{"rotation": rotation}],
    });
    let path = format!("/api/v2/keys/{key}/policies?policy=rotation");
    api.call(Method::PUT, &path).json(&body).send().await.is(StatusCode::OK);
}

async fn rotating(api: &Api, months: u8) -> String {
    let id = api.root_key().await;
    set(api, &id, json!({"interval_month": months})).await;
    id
}

/// How many versions the key has, whatever its state.
async fn versions(api: &Api, key: &str) -> u64 {
    let path = format!("/api/v2/keys/{key}/versions?totalCount=true&allKeyStates=true");
    api.get(&path).send().await.is(StatusCode::OK).json["metadata"]["totalCount"].as_u64().expect("a count")
}

async fn run_at(api: &mut Api, seconds: i64) {
    api.advance(seconds).await;
    api.run_due().await;
}

#[tokio::test]
async fn a_key_is_rotated_each_time_its_interval_has_passed() {
    let mut api = Api::new().await;
    let id = rotating(&api, 2).await;
    let other = api.root_key().await;
    let wrapped = api.wrap(&id, json!({})).await;
    run_at(&mut api, 60 * DAY - 1).await;
    assert_eq!(versions(&api, &id).await, 1);
    run_at(&mut api, 1).await;
    api.run_due().await;
    assert_eq!(versions(&api, &id).await, 2);
    let key = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
    assert_eq!(key.resource()["lastRotateDate"], "2026-03-11T09:00:00Z");
    assert_eq!(key.resource()["keyVersion"]["creationDate"], "2026-03-11T09:00:00Z");

    let event = api.events_of("kms.secrets.rotate").pop().expect("an event");
    let instance = format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}", api.account, api.instance);
    assert_eq!(event["initiator"]["id"], format!("crn-{instance}::"));
    assert_eq!(event["target"]["id"], format!("{instance}:key:{id}"));
    assert_eq!((&event["outcome"], &event["severity"]), (&json!("success"), &json!("warning")));
    assert_eq!(event["responseData"]["keyVersionId"], key.resource()["keyVersion"]["id"]);

    let opened = api.act(&id, "unwrap", json!({"ciphertext": wrapped["ciphertext"]})).await;
    assert_eq!(opened.json["plaintext"], wrapped["plaintext"]);
    assert_eq!(opened.json["rewrappedKeyVersion"]["id"], key.resource()["keyVersion"]["id"]);

    api.act(&id, "rotate", Value::Null).await.refused(409, "KEY_ROTATION_NOT_PERMITTED");
    run_at(&mut api, 60 * DAY - 1).await;
    assert_eq!(versions(&api, &id).await, 2);
    run_at(&mut api, 1).await;
    assert_eq!(versions(&api, &id).await, 3);
    assert_eq!(versions(&api, &other).await, 1);
}

#[tokio::test]
async fn rotation_by_hand_starts_the_interval_anew() {
    let mut api = Api::new().await;
    let id = rotating(&api, 1).await;
    api.advance(30 * DAY - 60).await;
    api.act(&id, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    run_at(&mut api, 60).await;
    assert_eq!(versions(&api, &id).await, 2);
    run_at(&mut api, 30 * DAY - 61).await;
    assert_eq!(versions(&api, &id).await, 2);
    run_at(&mut api, 1).await;
    assert_eq!(versions(&api, &id).await, 3);
}

#[tokio::test]
async fn the_interval_counts_from_the_last_rotation_whenever_the_policy_is_set() {
    let mut api = Api::new().await;
    let id = api.root_key().await;
    api.advance(40 * DAY).await;
    set(&api, &id, json!({"interval_month": 2})).await;
    run_at(&mut api, 20 * DAY - 1).await;
    assert_eq!(versions(&api, &id).await, 1);
    run_at(&mut api, 1).await;
    assert_eq!(versions(&api, &id).await, 2);
    api.advance(40 * DAY).await;
    set(&api, &id, json!({"interval_month": 1})).await;
    api.run_due().await;
    assert_eq!(versions(&api, &id).await, 3, "a shorter interval is over already");
}

#[tokio::test]
async fn a_policy_that_is_off_rotates_nothing() {
    let mut api = Api::new().await;
    let id = rotating(&api, 1).await;
    set(&api, &id, json!({"enabled": false})).await;
    run_at(&mut api, 100 * DAY).await;
    assert_eq!(versions(&api, &id).await, 1);
    set(&api, &id, json!({"enabled": true})).await;
    for _ in 0..2 {
        api.run_due().await;
        assert_eq!(versions(&api, &id).await, 2);
    }
}

#[tokio::test]
async fn only_active_keys_are_rotated_and_others_once_they_are_active_again() {
    let mut api = Api::new().await;
    let (suspended, deleted) = (rotating(&api, 1).await, rotating(&api, 1).await);
    let fields = json!({"name": "short", "extractable": false, "expirationDate": "2026-01-20T09:00:00Z"});
    let expired = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    set(&api, &expired, json!({"interval_month": 1})).await;
    api.act(&suspended, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.advance(25 * DAY).await;
    api.delete(&format!("/api/v2/keys/{deleted}")).send().await.is(StatusCode::NO_CONTENT);
    run_at(&mut api, 20 * DAY).await;
    for id in [&suspended, &deleted, &expired] {
        assert_eq!(versions(&api, id).await, 1);
    }
    api.act(&suspended, "enable", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.post(&format!("/api/v2/keys/{deleted}/restore")).send().await.is(StatusCode::CREATED);
    for _ in 0..2 {
        api.run_due().await;
        assert_eq!([versions(&api, &suspended).await, versions(&api, &deleted).await], [2, 2]);
    }
    assert_eq!(versions(&api, &expired).await, 1);
}

#[tokio::test]
async fn after_a_long_downtime_a_key_is_rotated_once() {
    let api = Api::new().await;
    let id = rotating(&api, 1).await;
    api.clock.advance(400 * DAY);
    let mut api = api.restart().await;
    for _ in 0..3 {
        run_at(&mut api, 60).await;
        assert_eq!(versions(&api, &id).await, 2);
    }
    assert_eq!(api.events_of("kms.secrets.rotate").len(), 1);
}

#[tokio::test]
async fn several_servers_over_one_database_rotate_each_key_once() {
    let mut api = Api::new().await;
    let mut keys = Vec::new();
    for _ in 0..20 {
        keys.push(rotating(&api, 1).await);
    }
    let ((one, _a), (two, _b)) = (api.replica().await, api.replica().await);
    for round in 1..=2 {
        api.advance(30 * DAY).await;
        tokio::join!(api.run_due(), one.run_due(), two.run_due());
        for id in &keys {
            assert_eq!(versions(&api, id).await, 1 + round);
        }
        assert_eq!(api.events_of("kms.secrets.rotate").len() as u64, 20 * round);
    }
}
