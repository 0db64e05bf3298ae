//! What the server does by itself, with the clock moved by hand: purge 90 days after deletion, expiry on its date.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::Api;

const DAY: i64 = 86_400;

async fn deleted(api: &Api, name: &str) -> String {
    let fields = json!({"name": name, "extractable": false, "aliases": [format!("alias-of-{name}")]});
    let id = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    id
}

async fn status(api: &Api, id: &str) -> u16 {
    api.get(&format!("/api/v2/keys/{id}/metadata")).send().await.status.as_u16()
}

#[tokio::test]
async fn a_deleted_key_is_purged_after_ninety_days_with_all_that_belongs_to_it() {
    let mut api = Api::new().await;
    let id = deleted(&api, "old").await;
    let kept = api.root_key().await;
    api.advance(90 * DAY - 1).await;
    api.run_due().await;
    assert_eq!(status(&api, &id).await, 200);
    api.advance(1).await;
    api.run_due().await;
    api.get(&format!("/api/v2/keys/{id}/metadata")).send().await.refused(404, "KEY_NOT_FOUND_ERR");
    api.post(&format!("/api/v2/keys/{id}/restore")).send().await.refused(404, "KEY_NOT_FOUND_ERR");
    assert_eq!(status(&api, &kept).await, 200);
    let rows = "SELECT (SELECT count(*) FROM key_versions), (SELECT count(*) FROM aliases)";
    assert_eq!(api.tables().rows(rows), [["1", "0"]], "the other key's version only");
    // Purged is purged: the alias is free, and there is nothing more to do.
    api.create(json!({"name": "new", "extractable": false, "aliases": ["alias-of-old"]})).await;
    api.run_due().await;
    assert_eq!(api.events_of("kms.secrets.purge").len(), 1);
}

#[tokio::test]
async fn the_event_of_a_chore_names_the_server_as_the_one_who_did_it() {
    let mut api = Api::new().await;
    let id = deleted(&api, "old").await;
    api.advance(90 * DAY).await;
    api.run_due().await;
    let event = api.events_of("kms.secrets.purge").pop().expect("an event");
    let instance = format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}", api.account, api.instance);
    assert_eq!(event["initiator"]["id"], format!("crn-{instance}::"));
    assert_eq!(event["initiator"]["typeURI"], "service/security/clientid");
    assert_eq!(event["initiator"]["host"], json!({}));
    assert!(event["initiator"].get("credential").is_none());
    assert_eq!(event["target"]["id"], format!("{instance}:key:{id}"));
    assert_eq!(event["target"]["name"], "old");
    assert_eq!(event["logSourceCRN"], format!("{instance}::"));
    assert_eq!(event["message"], "Key Protect: purge secret old");
    assert_eq!(event["outcome"], "success");
    assert_eq!(event["eventTime"], "2026-04-10T09:00:00.00+0000");
    assert_eq!(event["requestData"], json!({"instanceID": api.instance, "keyType": "root_key"}));
    assert_eq!(event["responseData"], json!({"keyId": id, "keyState": 5}));
}

#[tokio::test]
async fn an_expired_key_is_recorded_once_and_keeps_its_state() {
    let mut api = Api::new().await;
    let fields = json!({"name": "short", "extractable": false, "expirationDate": "2026-01-10T09:01:00Z"});
    let id = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    let stored = || -> i64 { api_state(&api, &id) };
    api.clock.advance(59);
    api.run_due().await;
    assert_eq!((stored(), api.events_of("kms.secrets.expire").len()), (1, 0));
    api.clock.advance(1);
    for _ in 0..2 {
        api.run_due().await;
        assert_eq!((stored(), api.events_of("kms.secrets.expire").len()), (3, 1));
    }
    let event = &api.events_of("kms.secrets.expire")[0];
    assert_eq!(event["responseData"]["keyState"], 3);
    assert_eq!(event["responseData"]["daysToKeyExpire"], 0);
    let shown = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
    assert_eq!(shown.resource()["state"], 3);
    assert_eq!(api.get("/api/v2/keys?state=3").send().await.resource()["id"], id);
    api.act(&id, "wrap", Value::Null).await.refused(409, "KEY_ACTION_INVALID_STATE_ERR");
    api.act(&id, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    api.advance(60).await;
    api.post(&format!("/api/v2/keys/{id}/restore")).send().await.refused(400, "KEY_EXPIRED_ERR");
}

fn api_state(api: &Api, id: &str) -> i64 {
    let database = api.tables();
    database.number(&format!("SELECT state FROM keys WHERE id = {}", database.id(id)))
}

#[tokio::test]
async fn a_suspended_key_expires_when_it_is_enabled_again() {
    let mut api = Api::new().await;
    let fields = json!({"name": "short", "extractable": false, "expirationDate": "2026-01-10T09:01:00Z"});
    let id = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    api.act(&id, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.advance(60).await;
    api.run_due().await;
    assert_eq!((api_state(&api, &id), api.events_of("kms.secrets.expire").len()), (2, 0));
    api.act(&id, "enable", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.run_due().await;
    assert_eq!((api_state(&api, &id), api.events_of("kms.secrets.expire").len()), (3, 1));
}

#[tokio::test]
async fn several_servers_over_one_database_do_each_chore_once() {
    let mut api = Api::new().await;
    let mut purged = Vec::new();
    for number in 0..20 {
        purged.push(deleted(&api, &format!("key-{number}")).await);
    }
    let soon = json!({"name": "short", "extractable": false, "expirationDate": "2026-01-10T09:01:00Z"});
    for _ in 0..20 {
        api.create(soon.clone()).await;
    }
    let ((one, _a), (two, _b)) = (api.replica().await, api.replica().await);
    api.advance(90 * DAY).await;
    tokio::join!(api.run_due(), one.run_due(), two.run_due());
    for action in ["kms.secrets.purge", "kms.secrets.expire"] {
        let mut keys: Vec<String> =
            api.events_of(action).iter().map(|event| event["target"]["id"].to_string()).collect();
        assert_eq!(keys.len(), 20, "{action}");
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 20, "{action}: each key once");
    }
    for id in purged {
        assert_eq!(status(&api, &id).await, 404);
    }
}

#[tokio::test]
async fn what_fell_due_while_no_server_ran_is_done_by_the_next() {
    let api = Api::new().await;
    let id = deleted(&api, "old").await;
    api.clock.advance(400 * DAY);
    let api = api.restart().await;
    assert_eq!(status(&api, &id).await, 200);
    api.run_due().await;
    assert_eq!(status(&api, &id).await, 404);
}

#[tokio::test]
async fn a_key_that_cannot_be_read_keeps_no_other_waiting() {
    let mut api = Api::new().await;
    let (one, two, three) = (deleted(&api, "one").await, deleted(&api, "two").await, deleted(&api, "three").await);
    let mut ids = [one, two, three];
    ids.sort();
    let first = api.tables().id(&ids[0]);
    let damage = |tags: &str| api.tables().execute(&format!("UPDATE keys SET tags = '{tags}' WHERE id = {first}"));
    assert_eq!(damage("not a list"), Ok(1));
    api.clock.advance(90 * DAY);
    api.run_due().await;
    assert_eq!(api.events_of("kms.secrets.purge").len(), 2);
    assert_eq!(damage("[]"), Ok(1));
    api.run_due().await;
    assert_eq!(api.events_of("kms.secrets.purge").len(), 3);
    api.advance(0).await;
    for id in &ids {
        assert_eq!(status(&api, id).await, 404);
    }
}
