//! `POST /api/v2/keys/{id}/actions/sync`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Api, READER, WRITER};

#[tokio::test]
async fn resources_are_told_again_once_an_hour() {
    let mut api = Api::new().await;
    let id = api.root_key().await;
    let before = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
    let answer = api.act(&id, "sync", Value::Null).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(api.events_of("kms.secrets.sync")[0]["outcome"], "success");
    api.advance(3599).await;
    let early = api.act(&id, "sync", Value::Null).await;
    early.refused(409, "REQ_TOO_EARLY_ERR");
    assert!(early.text.contains("Could not initiate sync requests to associated resources"), "{}", early.text);
    api.clock.advance(1);
    api.act(&id, "sync", Value::Null).await.is(StatusCode::NO_CONTENT);
    let after = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
    assert_eq!(after.json, before.json, "a sync is no change of the key");
}

#[tokio::test]
async fn a_life_cycle_change_has_told_them_already() {
    let mut api = Api::new().await;
    let id = api.root_key().await;
    let key = format!("/api/v2/keys/{id}");
    for change in ["rotate", "disable", "enable", "delete", "restore"] {
        let changed = match change {
            "delete" => api.delete(&key).send().await,
            "restore" => api.post(&format!("{key}/restore")).send().await,
            _ => api.act(&id, change, Value::Null).await,
        };
        assert!(changed.status.is_success(), "{change}: {}", changed.text);
        api.act(&id, "sync", Value::Null).await.refused(409, "REQ_TOO_EARLY_ERR");
        api.advance(3600).await;
        api.act(&id, "sync", Value::Null).await.is(StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn it_is_for_root_keys_and_for_writers() {
    let api = Api::new().await;
    let standard = api.create(json!({"name": "standard", "extractable": true})).await;
    let standard = standard["id"].as_str().expect("an id");
    api.act(standard, "sync", Value::Null).await.refused(400, "KEY_ROOT_REQ_ERR");
    let id = api.root_key().await;
    for (role, status) in [(READER, 401), (WRITER, 204)] {
        let someone = api.someone(&[role], &[]).await;
        let call = api.post(&format!("/api/v2/keys/{id}/actions/sync")).token(&someone.token);
        assert_eq!(call.send().await.status, status, "{role}");
    }
}
