//! `POST /api/v2/keys/{id}?action=…`: every action, answered as on its own path.

use axum::http::{Method, StatusCode};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::support::{Answer, Api, envelope};

const ACTION_TYPE: &str = "application/vnd.ibm.kms.key_action+json";

async fn act(api: &Api, key: &str, action: &str, body: &Value) -> Answer {
    let call = api.post(&format!("/api/v2/keys/{key}?action={action}")).header("content-type", ACTION_TYPE);
    if body.is_null() { call.send().await } else { call.json(body).send().await }
}

#[tokio::test]
async fn a_data_key_is_wrapped_rewrapped_and_unwrapped() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let plaintext = Base64::encode_string(&[3; 32]);
    let wrapped = act(&api, &id, "wrap", &json!({"plaintext": plaintext, "aad": ["t"]})).await;
    wrapped.is(StatusCode::OK);
    assert!(wrapped.json.get("plaintext").is_none());
    let body = json!({"ciphertext": wrapped.json["ciphertext"], "aad": ["t"]});
    let rewrapped = act(&api, &id, "rewrap", &body).await;
    rewrapped.is(StatusCode::OK);
    let body = json!({"ciphertext": rewrapped.json["ciphertext"], "aad": ["t"]});
    let opened = act(&api, &id, "unwrap", &body).await;
    assert_eq!(opened.is(StatusCode::OK).json["plaintext"], plaintext);
    assert!(act(&api, &id, "wrap", &Value::Null).await.is(StatusCode::OK).json["plaintext"].is_string());
    act(&api, &id, "unwrap", &Value::Null).await.refused(400, "NO_BODY_ERR");
    act(&api, &id, "unwrap", &json!({"ciphertext": wrapped.json["ciphertext"]}))
        .await
        .refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR");
    assert_eq!(api.events_of("kms.secrets.rewrap").len(), 1);
}

#[tokio::test]
async fn a_key_is_rotated_disabled_enabled_and_restored() {
    let api = Api::new().await;
    let own = Base64::encode_string(&[7; 32]);
    let id = api.create(json!({"name": "a key", "extractable": false, "payload": own})).await;
    let id = id["id"].as_str().expect("an id").to_owned();
    act(&api, &id, "rotate", &Value::Null).await.refused_for(400, "KEY_PAYLOAD_REQ_ERR", "field", "payload");
    let next = Base64::encode_string(&[8; 32]);
    act(&api, &id, "rotate", &json!({"payload": next})).await.is(StatusCode::NO_CONTENT);
    act(&api, &id, "disable", &Value::Null).await.is(StatusCode::NO_CONTENT);
    act(&api, &id, "enable", &Value::Null).await.refused(409, "REQ_TOO_EARLY_ERR");
    api.clock.advance(30);
    act(&api, &id, "enable", &Value::Null).await.is(StatusCode::NO_CONTENT);
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    act(&api, &id, "wrap", &Value::Null).await.refused(410, "KEY_DELETED_ERR");
    api.clock.advance(30);
    let wrong = act(&api, &id, "restore", &envelope(json!({"payload": own}))).await;
    wrong.refused_for(400, "INVALID_FIELD_ERR", "field", "payload");
    let back = act(&api, &id, "restore", &envelope(json!({"payload": next}))).await;
    assert_eq!(back.is(StatusCode::CREATED).resource()["id"], id);
}

#[tokio::test]
async fn the_first_consent_to_a_deletion_is_given_and_withdrawn() {
    let api = Api::new().await;
    let id = api.root_key().await;
    for action in ["setKeyForDeletion", "unsetKeyForDeletion"] {
        act(&api, &id, action, &Value::Null).await.refused(409, "NOT_DUAL_AUTH_ERR");
    }
    let policy = "application/vnd.ibm.kms.policy+json";
    let body = json!({
        "metadata": {"collectionType": policy, "collectionTotal": 1},
        "resources": [{"type": policy, "dualAuthDelete": {"enabled": true}}],
    });
    let put = api.call(Method::PUT, &format!("/api/v2/keys/{id}/policies?policy=dualAuthDelete"));
    put.json(&body).send().await.is(StatusCode::OK);
    for (action, set) in [("setKeyForDeletion", json!(true)), ("unsetKeyForDeletion", Value::Null)] {
        act(&api, &id, action, &Value::Null).await.is(StatusCode::NO_CONTENT);
        let shown = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
        let said = shown.resource()["dualAuthDelete"].get("keySetForDeletion").filter(|said| **said != json!(false));
        assert_eq!(said, Some(&set).filter(|set| !set.is_null()), "{action}");
    }
}

#[tokio::test]
async fn an_action_that_is_none_is_refused_and_recorded() {
    let api = Api::new().await;
    let id = api.root_key().await;
    for query in ["", "?action=", "?action=shred", "?action=Wrap"] {
        let answer = api.post(&format!("/api/v2/keys/{id}{query}")).send().await;
        answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "action");
    }
    let events = api.events_of("kms.secrets.default");
    assert_eq!(events.len(), 4);
    assert_eq!(events[0]["reason"]["reasonCode"], 400);
}
