//! `DELETE /api/v2/keys/{id}/purge`.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{Api, KEY_PURGE, MANAGER};

const FOUR_HOURS: i64 = 4 * 3600;

/// A key deleted just now.
async fn deleted(api: &Api) -> String {
    let fields = json!({"name": "a key", "extractable": false, "aliases": ["reserved"]});
    let id = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    id
}

#[tokio::test]
async fn a_deleted_key_can_be_purged_after_four_hours_and_is_then_gone() {
    let mut api = Api::new().await;
    let (id, purger) = (deleted(&api).await, api.someone(&[KEY_PURGE], &[]).await);
    let path = format!("/api/v2/keys/{id}/purge");
    api.advance(FOUR_HOURS - 1).await;
    let token = api.token_for(&purger.api_key).await;
    api.delete(&path).token(&token).send().await.refused(409, "REQ_TOO_EARLY_ERR");
    api.clock.advance(1);
    let answer = api.delete(&path).token(&token).send().await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NO_CONTENT, ""));
    api.delete(&path).token(&token).send().await.refused(404, "KEY_NOT_FOUND_ERR");
    api.get(&format!("/api/v2/keys/{id}")).send().await.refused(404, "KEY_NOT_FOUND_ERR");
    let event = &api.events_of("kms.secrets.purge")[1];
    assert_eq!((&event["outcome"], &event["initiator"]["id"]), (&json!("success"), &json!(purger.iam_id)));
    assert_eq!(event["target"]["name"], "a key");
}

#[tokio::test]
async fn a_last_look_is_given_on_request() {
    let mut api = Api::new().await;
    let (id, purger) = (deleted(&api).await, api.someone(&[KEY_PURGE], &[]).await);
    api.advance(FOUR_HOURS).await;
    let call = api.delete("/api/v2/keys/reserved/purge").token(&api.token_for(&purger.api_key).await);
    let answer = call.header("prefer", "return=representation").send().await;
    answer.is(StatusCode::OK);
    assert_eq!(answer.resource()["id"], id);
    assert_eq!(answer.resource()["purgeAllowed"], true);
}

#[tokio::test]
async fn only_the_role_for_it_purges_and_it_does_nothing_else() {
    let mut api = Api::new().await;
    let id = deleted(&api).await;
    let (purger, manager) = (api.someone(&[KEY_PURGE], &[]).await, api.someone(&[MANAGER], &[]).await);
    api.advance(FOUR_HOURS).await;
    let path = format!("/api/v2/keys/{id}/purge");
    api.delete(&path).send().await.refused(401, "UNAUTHORIZED_ERR");
    api.delete(&path).token(&api.token_for(&manager.api_key).await).send().await.refused(401, "UNAUTHORIZED_ERR");
    let token = api.token_for(&purger.api_key).await;
    api.get(&format!("/api/v2/keys/{id}/metadata")).token(&token).send().await.refused(401, "UNAUTHORIZED_ERR");
    api.post(&format!("/api/v2/keys/{id}/restore")).token(&token).send().await.refused(401, "UNAUTHORIZED_ERR");
    api.delete(&path).token(&token).send().await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_key_in_use_is_not_purged() {
    let api = Api::new().await;
    let (id, purger) = (api.root_key().await, api.someone(&[KEY_PURGE], &[]).await);
    let answer = api.delete(&format!("/api/v2/keys/{id}/purge")).token(&purger.token).send().await;
    answer.refused(409, "KEY_ACTION_INVALID_STATE_ERR");
    assert!(answer.text.contains("Key could not be purged"), "{}", answer.text);
    api.wrap(&id, json!({})).await;
}

#[tokio::test]
async fn an_alias_of_a_deleted_key_is_reserved_until_the_purge() {
    let mut api = Api::new().await;
    let (id, purger) = (deleted(&api).await, api.someone(&[KEY_PURGE], &[]).await);
    api.advance(FOUR_HOURS).await;
    let body = crate::support::envelope(json!({"name": "another", "extractable": false, "aliases": ["reserved"]}));
    api.post("/api/v2/keys").json(&body).send().await.refused(409, "KEY_ALIAS_NOT_UNIQUE_ERR");
    let token = api.token_for(&purger.api_key).await;
    api.delete(&format!("/api/v2/keys/{id}/purge")).token(&token).send().await.is(StatusCode::NO_CONTENT);
    api.post("/api/v2/keys").json(&body).send().await.is(StatusCode::CREATED);
}
