//! `/api/v2/keys/{id}/versions`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::Api;

#[tokio::test]
async fn versions_are_listed_newest_first_and_paged() {
    let mut api = Api::new().await;
    let id = api.root_key().await;
    for _ in 0..2 {
        api.advance(3600).await;
        api.act(&id, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    }
    let path = format!("/api/v2/keys/{id}/versions");
    let answer = api.get(&format!("{path}?totalCount=true")).send().await;
    answer.is(StatusCode::OK);
    assert_eq!(answer.json["metadata"]["collectionType"], "application/vnd.ibm.kms.key.version+json");
    assert_eq!(answer.json["metadata"]["totalCount"], 3);
    let all = answer.json["resources"].as_array().expect("a list").clone();
    let dates: Vec<&str> = all.iter().map(|version| version["creationDate"].as_str().expect("a date")).collect();
    assert_eq!(dates, ["2026-01-10T11:00:00Z", "2026-01-10T10:00:00Z", "2026-01-10T09:00:00Z"]);
    assert_eq!(api.wrap(&id, json!({})).await["keyVersion"]["id"], all[0]["id"]);

    let page = api.get(&format!("{path}?limit=1&offset=1")).send().await;
    assert_eq!(*page.resource(), all[1]);
    assert!(page.json["metadata"].get("totalCount").is_none());
}

#[tokio::test]
async fn versions_of_a_key_out_of_use_need_all_key_states() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let path = format!("/api/v2/keys/{id}/versions");
    api.act(&id, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.get(&path).send().await.refused(409, "KEY_ACTION_INVALID_STATE_ERR");
    api.get(&format!("{path}?allKeyStates=true")).send().await.is(StatusCode::OK);
}
