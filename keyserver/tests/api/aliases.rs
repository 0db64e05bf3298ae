//! `/api/v2/keys/{id}/aliases/{alias}`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    audit::last,
    support::{Answer, Api, READER, WRITER, envelope},
};

async fn give(api: &Api, key: &str, alias: &str) -> Answer {
    api.post(&format!("/api/v2/keys/{key}/aliases/{alias}")).send().await
}

async fn take(api: &Api, key: &str, alias: &str) -> Answer {
    api.delete(&format!("/api/v2/keys/{key}/aliases/{alias}")).send().await
}

async fn aliases(api: &Api, key: &str) -> Value {
    api.get(&format!("/api/v2/keys/{key}/metadata")).send().await.resource()["aliases"].clone()
}

#[tokio::test]
async fn an_alias_is_given_used_and_taken() {
    let api = Api::new().await;
    let key = api.root_key().await;
    api.clock.advance(5);
    let given = give(&api, &key, "Invoices_2026").await;
    given.is(StatusCode::CREATED);
    assert_eq!(given.json["metadata"]["collectionType"], "application/vnd.ibm.kms.alias+json");
    let created_by = given.resource()["createdBy"].clone();
    assert!(created_by.as_str().expect("an id").starts_with("iam-ServiceId-"));
    let row = json!({
        "keyId": key, "alias": "Invoices_2026", "createdBy": created_by, "creationDate": "2026-01-10T09:00:05Z",
    });
    assert_eq!(given.resource(), &row);
    let wrapped = api.wrap("Invoices_2026", json!({})).await;
    api.act(&key, "unwrap", json!({"ciphertext": wrapped["ciphertext"]})).await.is(StatusCode::OK);
    let shown = api.get("/api/v2/keys/Invoices%5F2026/metadata").send().await;
    assert_eq!(shown.resource()["aliases"], json!(["Invoices_2026"]));
    assert_eq!(shown.resource()["lastUpdateDate"], "2026-01-10T09:00:05Z");

    give(&api, "Invoices_2026", "second%2Dname").await.is(StatusCode::CREATED);
    assert_eq!(aliases(&api, &key).await, json!(["Invoices_2026", "second-name"]));
    assert_eq!(take(&api, "Invoices_2026", "Invoices_2026").await.is(StatusCode::NO_CONTENT).text, "");
    take(&api, &key, "Invoices_2026").await.refused(404, "KEY_ALIAS_NOT_FOUND_ERR");
    api.get("/api/v2/keys/Invoices_2026/metadata").send().await.refused(404, "KEY_NOT_FOUND_ERR");
    assert_eq!(aliases(&api, &key).await, json!(["second-name"]));
}

#[tokio::test]
async fn aliases_keep_to_their_rules() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let long = "a".repeat(91);
    let reserved = "allowed_ip key keys metadata policy policies registration registrations ring rings rotate wrap unwrap \
                    rewrap version versions";
    let bad = ["a", "two%20words", "a%2Fb", "a.b", long.as_str(), key.as_str()];
    for alias in bad.into_iter().chain(reserved.split_whitespace()) {
        give(&api, &key, alias).await.refused_for(400, "INVALID_FIELD_ERR", "field", "alias");
        take(&api, &key, alias).await.refused_for(400, "INVALID_FIELD_ERR", "field", "alias");
    }
    give(&api, &key, "%FF").await.refused(400, "INVALID_FIELD_ERR");
    give(&api, &key, &"a".repeat(90)).await.is(StatusCode::CREATED);
    give(&api, &key, "Wrap").await.is(StatusCode::CREATED);
    give(&api, "nobody", "name").await.refused(404, "KEY_NOT_FOUND_ERR");
}

#[tokio::test]
async fn a_key_has_five_aliases_at_most() {
    let api = Api::new().await;
    let key = api.create(json!({"name": "a key", "extractable": false, "aliases": ["a1", "a2"]})).await;
    let key = key["id"].as_str().expect("an id");
    for alias in ["a3", "a4", "a5"] {
        give(&api, key, alias).await.is(StatusCode::CREATED);
    }
    give(&api, key, "a6").await.refused(409, "KEY_ALIAS_LIMIT_ERR");
    take(&api, key, "a1").await.is(StatusCode::NO_CONTENT);
    give(&api, key, "a6").await.is(StatusCode::CREATED);
}

#[tokio::test]
async fn an_alias_is_free_only_when_no_key_has_it() {
    let mut api = Api::new().await;
    let (one, two) = (api.root_key().await, api.root_key().await);
    give(&api, &one, "mine").await.is(StatusCode::CREATED);
    for key in [&one, &two] {
        give(&api, key, "mine").await.refused(409, "KEY_ALIAS_NOT_UNIQUE_ERR");
    }
    give(&api, &two, "Mine").await.is(StatusCode::CREATED);
    take(&api, &two, "mine").await.refused(404, "KEY_ALIAS_NOT_FOUND_ERR");

    api.delete(&format!("/api/v2/keys/{one}")).send().await.is(StatusCode::NO_CONTENT);
    give(&api, &two, "mine").await.refused(409, "KEY_ALIAS_NOT_UNIQUE_ERR");
    let new = envelope(json!({"name": "a key", "extractable": false, "aliases": ["mine"]}));
    api.post("/api/v2/keys").json(&new).send().await.refused(409, "KEY_ALIAS_NOT_UNIQUE_ERR");
    take(&api, &one, "mine").await.refused(410, "KEY_DELETED_ERR");
    give(&api, &one, "other").await.refused(410, "KEY_DELETED_ERR");
    api.advance(91 * 86_400).await;
    api.run_due().await;
    give(&api, &two, "mine").await.is(StatusCode::CREATED);
}

#[tokio::test]
async fn suspended_keys_and_standard_keys_have_aliases_too() {
    let api = Api::new().await;
    let key = api.root_key().await;
    api.act(&key, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    give(&api, &key, "paused").await.is(StatusCode::CREATED);
    let standard = api.create(json!({"name": "a key", "extractable": true})).await;
    give(&api, standard["id"].as_str().expect("an id"), "standard").await.is(StatusCode::CREATED);
}

#[tokio::test]
async fn writers_name_keys_and_readers_do_not() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let path = format!("/api/v2/keys/{key}/aliases/name");
    let reader = api.someone(&[READER], &[]).await.token;
    let writer = api.someone(&[WRITER], &[]).await.token;
    api.post(&path).token(&reader).send().await.refused(401, "UNAUTHORIZED_ERR");
    api.post(&path).token(&writer).send().await.is(StatusCode::CREATED);
    api.delete(&path).token(&reader).send().await.refused(401, "UNAUTHORIZED_ERR");
    assert_eq!(last(&api)["action"], "kms.secrets-alias.delete");
    assert_eq!(last(&api)["severity"], "critical");
    api.delete(&path).token(&writer).send().await.is(StatusCode::NO_CONTENT);
    let event = last(&api);
    assert_eq!((&event["action"], &event["severity"]), (&json!("kms.secrets-alias.delete"), &json!("normal")));
    assert_eq!(event["responseData"]["keyId"], key);
    give(&api, &key, "name").await.is(StatusCode::CREATED);
    let event = last(&api);
    assert_eq!((&event["action"], &event["severity"]), (&json!("kms.secrets-alias.create"), &json!("normal")));
}
