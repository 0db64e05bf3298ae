//! State × action, and every waiting time.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Api, KEY_PURGE};

/// Status and reason code of each action in each state: active, suspended, deactivated, destroyed.
const TABLE: [(&str, [(u16, &str); 4]); 13] = {
    const STATE: (u16, &str) = (409, "KEY_ACTION_INVALID_STATE_ERR");
    const GONE: (u16, &str) = (410, "KEY_DELETED_ERR");
    const OK: (u16, &str) = (200, "");
    const DONE: (u16, &str) = (204, "");
    [
        ("read", [OK; 4]),
        ("metadata", [OK; 4]),
        ("wrap", [OK, STATE, STATE, GONE]),
        ("unwrap", [OK, STATE, OK, GONE]),
        ("rewrap", [OK, STATE, OK, GONE]),
        ("rotate", [DONE, STATE, DONE, GONE]),
        ("disable", [DONE, STATE, STATE, GONE]),
        ("enable", [STATE, DONE, STATE, GONE]),
        ("delete", [DONE, DONE, DONE, GONE]),
        ("restore", [STATE, STATE, STATE, (201, "")]),
        ("purge", [STATE, STATE, STATE, (409, "REQ_TOO_EARLY_ERR")]),
        ("sync", [DONE, (409, "REQ_TOO_EARLY_ERR"), DONE, (409, "REQ_TOO_EARLY_ERR")]),
        ("versions", [OK, STATE, STATE, STATE]),
    ]
};

/// A key in each state, with a data key wrapped while it was active; long enough ago that no waiting time is left.
async fn key_in(api: &mut Api, state: usize) -> (String, Value) {
    let mut fields = json!({"name": "a root key", "extractable": false});
    if state == 2 {
        let soon = jiff::Timestamp::from_second(now(api) + 60).expect("in range");
        fields["expirationDate"] = json!(soon.to_string());
    }
    let id = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    let ciphertext = api.wrap(&id, json!({})).await["ciphertext"].clone();
    match state {
        1 => api.act(&id, "disable", Value::Null).await.is(StatusCode::NO_CONTENT).status,
        3 => api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT).status,
        _ => StatusCode::OK,
    };
    api.advance(61).await;
    (id, ciphertext)
}

fn now(api: &Api) -> i64 {
    use envelock_keyserver::server::Clock;
    api.clock.now().as_second()
}

async fn perform(api: &Api, id: &str, ciphertext: &Value, action: &str, purger: &str) -> Answer {
    let key = format!("/api/v2/keys/{id}");
    match action {
        "read" => api.get(&key).send().await,
        "metadata" => api.get(&format!("{key}/metadata")).send().await,
        "delete" => api.delete(&key).send().await,
        "purge" => api.delete(&format!("{key}/purge")).token(purger).send().await,
        "versions" => api.get(&format!("{key}/versions")).send().await,
        "restore" => api.post(&format!("{key}/restore")).send().await,
        "unwrap" | "rewrap" => api.act(id, action, json!({"ciphertext": ciphertext})).await,
        _ => api.act(id, action, Value::Null).await,
    }
}

#[tokio::test]
async fn the_table_of_states_and_actions() {
    let mut api = Api::new().await;
    let purger = api.someone(&[KEY_PURGE], &[]).await;
    for (state, number) in [1, 2, 3, 5].into_iter().enumerate() {
        for (action, row) in TABLE {
            let (id, ciphertext) = key_in(&mut api, state).await;
            let shown = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
            assert_eq!(shown.resource()["state"], number);
            let answer = perform(&api, &id, &ciphertext, action, &api.token_for(&purger.api_key).await).await;
            let (status, code) = row[state];
            if code.is_empty() {
                assert_eq!(answer.status.as_u16(), status, "{action} in state {number}: {}", answer.text);
            } else {
                answer.refused(status, code);
                let after = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
                assert_eq!(after.resource(), shown.resource(), "{action} in state {number} changed the key");
            }
        }
    }
}

#[tokio::test]
async fn disabling_stops_use_and_enabling_brings_it_back_after_thirty_seconds() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let wrapped = api.wrap(&id, json!({})).await;
    api.act(&id, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    let shown = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
    assert_eq!(shown.resource()["lastUpdateDate"], "2026-01-10T09:00:00Z");
    api.clock.advance(29);
    api.act(&id, "enable", Value::Null).await.refused(409, "REQ_TOO_EARLY_ERR");
    api.clock.advance(1);
    api.act(&id, "enable", Value::Null).await.is(StatusCode::NO_CONTENT);
    let opened = api.act(&id, "unwrap", json!({"ciphertext": wrapped["ciphertext"]})).await;
    assert_eq!(opened.json["plaintext"], wrapped["plaintext"]);
}

#[tokio::test]
async fn a_deleted_key_shows_when_it_can_be_restored_and_purged() {
    let mut api = Api::new().await;
    let id = api.root_key().await;
    let call = api.delete(&format!("/api/v2/keys/{id}")).header("prefer", "return=representation");
    let deleted = call.send().await;
    deleted.is(StatusCode::OK);
    let key = deleted.resource();
    for (field, value) in [
        ("state", json!(5)),
        ("deleted", json!(true)),
        ("deletionDate", json!("2026-01-10T09:00:00Z")),
        ("lastUpdateDate", json!("2026-01-10T09:00:00Z")),
        ("deletedBy", key["createdBy"].clone()),
        ("nonactiveStateReason", json!(2)),
        ("restoreAllowed", json!(true)),
        ("restoreExpirationDate", json!("2026-02-09T09:00:00Z")),
        ("purgeAllowed", json!(false)),
        ("purgeAllowedFrom", json!("2026-01-10T13:00:00Z")),
        ("purgeScheduledOn", json!("2026-04-10T09:00:00Z")),
    ] {
        assert_eq!(key[field], value, "{field}");
    }
    assert!(key.get("keyVersion").is_none());
    assert_eq!(api.get("/api/v2/keys").send().await.json["metadata"]["collectionTotal"], 0);
    assert_eq!(api.get("/api/v2/keys?state=5").send().await.resource()["id"], id);
    assert_eq!(api.call(Method::HEAD, "/api/v2/keys?state=1,5").send().await.header("key-total"), "1");
    api.advance(4 * 3600).await;
    let later = api.get(&format!("/api/v2/keys/{id}")).send().await;
    assert_eq!(later.resource()["purgeAllowed"], true);
}

#[tokio::test]
async fn a_deleted_key_comes_back_whole_between_thirty_seconds_and_thirty_days() {
    let mut api = Api::new().await;
    let id = api.create(json!({"name": "a key", "extractable": false, "aliases": ["kept"]})).await;
    let id = id["id"].as_str().expect("an id").to_owned();
    let old = api.wrap(&id, json!({})).await;
    api.act(&id, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    let restore = format!("/api/v2/keys/{id}/restore");
    for last in [30, 30 * 86_400 - 1] {
        api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
        api.advance(29).await;
        api.post(&restore).send().await.refused(409, "REQ_TOO_EARLY_ERR");
        api.advance(last - 29).await;
        let back = api.post("/api/v2/keys/kept/restore").send().await;
        back.is(StatusCode::CREATED);
        assert_eq!(back.resource()["id"], id);
        assert_eq!(back.resource()["state"], 1);
        assert_eq!(back.resource()["deleted"], false);
        assert!(back.resource().get("deletionDate").is_none());
        let opened = api.act(&id, "unwrap", json!({"ciphertext": old["ciphertext"]})).await;
        assert_eq!(opened.json["plaintext"], old["plaintext"]);
        assert!(opened.json.get("ciphertext").is_some());
    }
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    api.advance(30 * 86_400).await;
    let shown = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
    assert_eq!(shown.resource()["restoreAllowed"], false);
    api.post(&restore).send().await.refused(400, "KEY_RESTORE_EXPIRED");
}

#[tokio::test]
async fn a_key_past_its_date_deactivates_by_itself_and_is_not_restored() {
    let mut api = Api::new().await;
    let fields = json!({"name": "a key", "extractable": false, "expirationDate": "2026-01-10T09:01:00Z"});
    let id = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    api.advance(59).await;
    api.act(&id, "wrap", Value::Null).await.is(StatusCode::OK);
    api.advance(1).await;
    api.act(&id, "wrap", Value::Null).await.refused(409, "KEY_ACTION_INVALID_STATE_ERR");
    assert_eq!(api.get("/api/v2/keys?state=3").send().await.resource()["id"], id);
    assert_eq!(api.get("/api/v2/keys?state=1").send().await.json["metadata"]["collectionTotal"], 0);
    api.act(&id, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    let rotated = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
    assert_eq!(rotated.resource()["state"], 3, "rotation does not reactivate");
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    api.advance(60).await;
    api.post(&format!("/api/v2/keys/{id}/restore")).send().await.refused(400, "KEY_EXPIRED_ERR");
}
