//! `POST /api/v2/keys/{id}/restore` with a body: the older form, and what the answer shows.

use axum::http::StatusCode;
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::support::{Api, envelope};

/// A key made from `payload`, or generated, and deleted half a minute ago.
async fn deleted(api: &mut Api, payload: Option<&str>) -> String {
    let mut fields = json!({"name": "a key", "extractable": false});
    if let Some(payload) = payload {
        fields["payload"] = json!(payload);
    }
    let id = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    api.advance(30).await;
    id
}

#[tokio::test]
async fn an_imported_key_is_restored_with_its_own_material_or_with_none() {
    let mut api = Api::new().await;
    let own = Base64::encode_string(&[7; 32]);
    let collection = envelope(json!({"payload": own}));
    for body in [collection, json!({"payload": own}), json!({}), Value::Null, envelope(json!({}))] {
        let id = deleted(&mut api, Some(&own)).await;
        let answer = api.post(&format!("/api/v2/keys/{id}/restore")).json(&body).send().await;
        answer.is(StatusCode::CREATED);
        assert_eq!((&answer.resource()["id"], &answer.resource()["state"]), (&json!(id), &json!(1)), "{body}");
        assert!(!answer.text.contains(&own));
    }
}

#[tokio::test]
async fn other_material_restores_nothing() {
    let mut api = Api::new().await;
    let own = Base64::encode_string(&[7; 32]);
    let id = deleted(&mut api, Some(&own)).await;
    let restore = |body: Value| api.post(&format!("/api/v2/keys/{id}/restore")).json(&body).send();
    for wrong in [Base64::encode_string(&[8; 32]), Base64::encode_string(&[7; 16]), "not base64".to_owned()] {
        let answer = restore(envelope(json!({"payload": wrong}))).await;
        answer.refused_for(400, "INVALID_FIELD_ERR", "field", "payload");
    }
    let mut two = envelope(json!({"payload": own}));
    two["resources"] = json!([{"payload": own}, {"payload": own}]);
    restore(two).await.refused(400, "BAD_BODY_ERR");
    restore(json!({"resources": []})).await.refused(400, "BAD_BODY_ERR");
    let shown = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
    assert_eq!(shown.resource()["state"], 5);
}

#[tokio::test]
async fn a_generated_key_takes_no_material() {
    let mut api = Api::new().await;
    let id = deleted(&mut api, None).await;
    let body = envelope(json!({"payload": Base64::encode_string(&[7; 32])}));
    let answer = api.post(&format!("/api/v2/keys/{id}/restore")).json(&body).send().await;
    answer.refused(400, "KEY_IMPT_REQ_ERR");
    assert!(answer.text.contains("Key could not be restored"), "{}", answer.text);
    api.post(&format!("/api/v2/keys/{id}/restore")).send().await.is(StatusCode::CREATED);
}

#[tokio::test]
async fn a_suspended_key_comes_back_active() {
    let mut api = Api::new().await;
    let id = api.root_key().await;
    api.act(&id, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    api.advance(30).await;
    let answer = api.post(&format!("/api/v2/keys/{id}/restore")).send().await;
    assert_eq!(answer.is(StatusCode::CREATED).resource()["state"], 1);
}

#[tokio::test]
async fn what_a_deleted_key_says_about_being_restored_is_true() {
    let mut api = Api::new().await;
    let fields = json!({"name": "a key", "extractable": false, "expirationDate": "2026-01-10T10:00:00Z"});
    let id = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    for (seconds, allowed) in [(3599, true), (1, false)] {
        api.advance(seconds).await;
        let shown = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
        assert_eq!(shown.resource()["restoreAllowed"], allowed);
        assert_eq!(shown.resource()["restoreExpirationDate"], "2026-02-09T09:00:00Z");
    }
    api.post(&format!("/api/v2/keys/{id}/restore")).send().await.refused(400, "KEY_EXPIRED_ERR");
}

#[tokio::test]
async fn a_caller_can_ask_for_more_or_less_of_the_key() {
    let mut api = Api::new().await;
    let new = envelope(json!({"name": "a key", "extractable": true, "description": "whole"}));
    let made = api.post("/api/v2/keys").header("prefer", "wait=5, return=minimal").json(&new).send().await;
    made.is(StatusCode::CREATED);
    let fields = ["type", "id", "name", "description", "state", "extractable", "crn", "imported", "deleted"];
    let mut shown: Vec<&str> = made.resource().as_object().expect("an object").keys().map(String::as_str).collect();
    let mut short = fields.to_vec();
    shown.sort_unstable();
    short.sort_unstable();
    assert_eq!(shown, short);

    let id = made.resource()["id"].as_str().expect("an id").to_owned();
    let whole = api.post("/api/v2/keys").header("prefer", "return=representation").json(&new).send().await;
    assert!(whole.resource()["payload"].is_string());

    let path = format!("/api/v2/keys/{id}");
    let deleted = api.delete(&path).header("prefer", "return=minimal").send().await;
    assert_eq!((deleted.status, deleted.text.as_str()), (StatusCode::NO_CONTENT, ""));
    api.advance(30).await;
    let back = api.post(&format!("{path}/restore")).header("prefer", "return=minimal").send().await;
    assert_eq!(back.is(StatusCode::CREATED).resource(), made.resource());

    let root = api.root_key().await;
    let rotate = api.post(&format!("/api/v2/keys/{root}/actions/rotate")).header("prefer", "return=representation");
    let rotated = rotate.send().await;
    assert_eq!(rotated.is(StatusCode::OK).resource()["lastRotateDate"], "2026-01-10T09:00:30Z");
}
