//! `/v1/serviceids`, `/v1/apikeys`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    support::{Api, MANAGER},
    support_iam::refused,
};

#[tokio::test]
async fn service_ids_and_api_keys_have_ibms_shapes() {
    let api = Api::new().await;
    let someone = api.someone(&[], &[]).await;
    let listed = api.get(&format!("/v1/serviceids?account_id={}", api.account)).send().await;
    listed.is(StatusCode::OK);
    let names: Vec<&Value> =
        listed.json["serviceids"].as_array().expect("a list").iter().map(|id| &id["name"]).collect();
    assert_eq!(names, ["administrator", "someone"]);
    let identity = &listed.json["serviceids"][1];
    assert_eq!(identity["iam_id"], someone.iam_id);
    assert_eq!(format!("iam-{}", identity["id"].as_str().expect("an id")), someone.iam_id);
    assert_eq!(identity["account_id"], api.account);
    assert!(!listed.text.contains(&someone.api_key), "an API key is told once");
}

#[tokio::test]
async fn bad_identities_are_named() {
    let api = Api::new().await;
    let make = |path: &str, body: Value| api.post(path).json(&body).send();
    refused(&make("/v1/serviceids", json!({"name": "x"})).await, 400, "INVALID_FIELD_ERR");
    refused(&make("/v1/serviceids", json!({"account_id": api.account})).await, 400, "INVALID_FIELD_ERR");
    refused(&make("/v1/serviceids", json!({"account_id": "another", "name": "x"})).await, 401, "UNAUTHORIZED_ERR");
    refused(&make("/v1/apikeys", json!({"name": "x", "iam_id": "IBMid-1"})).await, 400, "INVALID_FIELD_ERR");
    let nobody = "iam-ServiceId-00000000-0000-4000-8000-000000000000";
    refused(&make("/v1/apikeys", json!({"name": "x", "iam_id": nobody})).await, 404, "not_found");
}

#[tokio::test]
async fn only_an_administrator_manages_access() {
    let api = Api::new().await;
    let manager = api.someone(&[MANAGER], &[]).await;
    let policy = api.policy(&manager.iam_id, &[MANAGER], &[]);
    for call in [
        api.get("/v1/serviceids"),
        api.post("/v1/serviceids").json(&json!({"account_id": api.account, "name": "x"})),
        api.post("/v1/apikeys").json(&json!({"name": "x", "iam_id": manager.iam_id})),
        api.get(&format!("/v1/policies?account_id={}", api.account)),
        api.post("/v1/policies").json(&policy),
        api.get(&format!("/v1/policies/{}", manager.policy)),
        api.delete(&format!("/v1/policies/{}", manager.policy)),
    ] {
        refused(&call.token(&manager.token).send().await, 401, "UNAUTHORIZED_ERR");
    }
    refused(&api.get("/v1/serviceids").without("authorization").send().await, 401, "UNAUTHORIZED_ERR");
}
