//! `/services/v1/{instance}/api/v2/keys/{key}/actions/…`: data keys by way of the instance, in its name.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    audit::last,
    support::{
        Answer, Api, READER, WRITER,
        objects::{OBJECTS, Store},
    },
};

async fn act(api: &Api, store: &Store, token: &str, key: &str, action: &str, body: &Value) -> Answer {
    let path = format!("/services/v1/{}/api/v2/keys/{key}/actions/{action}", store.guid);
    api.post(&path).token(token).json(body).send().await
}

struct Story {
    api: Api,
    key: String,
    store: Store,
    writer: String,
    reader: String,
}

impl Story {
    /// An encrypted instance, and two who have a role on it and none on the key.
    async fn new() -> Self {
        let api = Api::new().await;
        let key = api.root_key().await;
        let store = api.encrypted_by(&key).await;
        let (writer, reader) = (api.someone(&[], &[]).await, api.someone(&[], &[]).await);
        let here = [("serviceInstance", &*store.guid)];
        api.grant_on(OBJECTS, &writer.iam_id, &[WRITER], &here).await;
        api.grant_on(OBJECTS, &reader.iam_id, &[READER], &here).await;
        Self { key, store, writer: writer.token, reader: reader.token, api }
    }

    async fn write(&self, action: &str, body: &Value) -> Answer {
        act(&self.api, &self.store, &self.writer, &self.key, action, body).await
    }

    async fn read(&self, action: &str, body: &Value) -> Answer {
        act(&self.api, &self.store, &self.reader, &self.key, action, body).await
    }
}

#[tokio::test]
async fn data_keys_are_wrapped_and_unwrapped_for_those_who_have_a_role_on_the_instance() {
    let story = Story::new().await;
    let wrapped = story.write("wrap", &json!({"aad": ["t"]})).await.is(StatusCode::OK).json.clone();
    let ciphertext = &wrapped["ciphertext"];
    let again = json!({"ciphertext": ciphertext, "aad": ["t"]});
    let opened = story.read("unwrap", &again).await;
    assert_eq!(opened.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);
    story.read("rewrap", &again).await.is(StatusCode::OK);
    story.read("unwrap", &json!({"ciphertext": ciphertext})).await.refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR");
    story.read("wrap", &json!({})).await.refused(401, "UNAUTHORIZED_ERR");
    let direct = story.api.post(&format!("/api/v2/keys/{}/actions/wrap", story.key)).token(&story.writer);
    direct.send().await.refused(401, "UNAUTHORIZED_ERR");
    let same = story.api.act(&story.key, "unwrap", again).await;
    assert_eq!(same.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"], "one key, two ways to it");
}

#[tokio::test]
async fn the_instance_is_who_asks_and_the_caller_is_whom_it_asks_for() {
    let story = Story::new().await;
    story.write("wrap", &json!({})).await.is(StatusCode::OK);
    let event = last(&story.api);
    assert_eq!(event["action"], "kms.secrets.wrap");
    assert_eq!(event["initiator"]["id"], format!("crn-{}", story.store.crn));
    assert!(event["initiator"]["authnId"].as_str().expect("an id").starts_with("iam-ServiceId-"));
    assert_eq!(event["target"]["id"], story.api.key_crn(&story.key));
    let policy = format!("/v1/policies/{}", story.store.authorization);
    story.api.delete(&policy).send().await.is(StatusCode::NO_CONTENT);
    story.write("wrap", &json!({})).await.refused(403, "SERVICE_AUTHORIZATION_MISSING_ERR");
    let event = last(&story.api);
    assert_eq!((&event["action"], &event["severity"]), (&json!("kms.secrets.wrap"), &json!("critical")));
    assert_eq!(event["initiator"]["id"], format!("crn-{}", story.store.crn));
    assert_eq!(event["target"]["id"], story.api.key_crn(&story.key));
    assert_eq!(event["requestData"]["instanceID"], story.api.instance);
}

#[tokio::test]
async fn no_other_key_is_reached_by_way_of_the_instance() {
    let story = Story::new().await;
    // The authorization reaches every key of the Key Protect instance; the service instance has one all the same.
    let other = story.api.root_key().await;
    let refused = act(&story.api, &story.store, &story.writer, &other, "wrap", &json!({})).await;
    refused.refused(404, "KEY_NOT_FOUND_ERR");
    let path = format!("/services/v1/{}/api/v2/keys/{}/actions/wrap", story.store.guid, story.key);
    let wrong = story.api.post(&path).token(&story.writer);
    let wrong = wrong.header("bluemix-instance", "00000000-0000-4000-8000-000000000000").send().await;
    wrong.refused(404, "KEY_NOT_FOUND_ERR");
    for rest in ["", "/metadata", "/actions/rotate", "/actions/disable"] {
        let path = format!("/services/v1/{}/api/v2/keys/{}{rest}", story.store.guid, story.key);
        let answer = story.api.get(&path).token(&story.writer).send().await;
        answer.refused(404, "NOT_FOUND_ERR");
    }
}

#[tokio::test]
async fn the_state_of_the_key_is_told_as_key_protect_tells_it() {
    let story = Story::new().await;
    let wrapped = story.write("wrap", &json!({})).await.is(StatusCode::OK).json["ciphertext"].clone();
    let unwrap = json!({"ciphertext": wrapped});
    story.api.act(&story.key, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    let rotated = story.read("unwrap", &unwrap).await;
    assert!(rotated.is(StatusCode::OK).json["rewrappedKeyVersion"]["id"].is_string());
    story.api.act(&story.key, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    story.read("unwrap", &unwrap).await.refused(409, "KEY_ACTION_INVALID_STATE_ERR");
    let path = format!("/api/v2/keys/{}?force=true", story.key);
    story.api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    story.read("unwrap", &unwrap).await.refused(410, "KEY_DELETED_ERR");
}

#[tokio::test]
async fn tokens_are_issued_at_the_path_of_the_instance_too() {
    let story = Story::new().await;
    let form = format!("grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey={}", story.api.api_key);
    let path = format!("/services/v1/{}/identity/token", story.store.guid);
    let answer = story.api.post(&path).text(&form).send().await;
    assert!(answer.is(StatusCode::OK).json["access_token"].is_string());
}
