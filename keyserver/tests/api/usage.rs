//! `/usage/v1/instances/{instance}`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Api, MANAGER};

#[tokio::test]
async fn keys_are_counted_now_and_calls_by_month() {
    let mut api = Api::new().await;
    let (first, second) = (api.root_key().await, api.root_key().await);
    api.create(json!({"name": "standard", "extractable": true})).await;
    api.act(&first, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.act(&second, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    let deleted = api.root_key().await;
    api.delete(&format!("/api/v2/keys/{deleted}")).send().await.is(StatusCode::NO_CONTENT);
    api.wrap(&first, json!({})).await;
    let path = format!("/usage/v1/instances/{}", api.instance);
    let report = api.get(&path).send().await.is(StatusCode::OK).json.clone();
    let crn = format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}::", api.account, api.instance);
    assert_eq!(report["resource_instance_id"], crn);
    assert_eq!((&report["month"], &report["counted_at"]), (&json!("2026-01"), &json!("2026-01-10T09:00:00Z")));
    assert_eq!((&report["active_root_keys"], &report["key_versions"]), (&json!(1), &json!(3)));
    assert_eq!((&report["free_root_keys"], &report["billable_root_keys"]), (&json!(20), &json!(0)));
    let expected = json!({
        "kms.secrets.create": 4, "kms.secrets.delete": 1, "kms.secrets.disable": 1, "kms.secrets.rotate": 1,
        "kms.secrets.wrap": 1,
    });
    assert_eq!((&report["calls"], &report["calls_by_action"]), (&json!(8), &expected));

    api.advance(31 * 24 * 3600).await;
    let calls =
        async |query: &str| api.get(&format!("{path}{query}")).send().await.is(StatusCode::OK).json["calls"].clone();
    assert_eq!(calls("").await, 0);
    assert_eq!(calls("?month=2026-01").await, 8);
    assert_eq!(calls("?month=2025-12").await, 0);
    for bad in ["2026-13", "2026-1", "january", "2026-01-01"] {
        api.get(&format!("{path}?month={bad}")).send().await.rejected(400, "INVALID_QUERY_PARAM_ERR");
    }
}

#[tokio::test]
async fn the_first_twenty_root_keys_are_free() {
    let api = Api::new().await;
    for _ in 0..21 {
        api.root_key().await;
    }
    let report = api.get(&format!("/usage/v1/instances/{}", api.instance)).send().await;
    assert_eq!(report.is(StatusCode::OK).json["billable_root_keys"], 1);
}

#[tokio::test]
async fn usage_is_for_those_who_see_the_instance_and_of_key_protect_alone() {
    let api = Api::new().await;
    let token = api.someone(&[MANAGER], &[]).await.token;
    let path = format!("/usage/v1/instances/{}", api.instance);
    api.get(&path).token(&token).send().await.rejected(404, "RESOURCE_NOT_FOUND_ERR");
    let made = api.post("/v2/resource_instances").json(&api.order("objects", json!({}))).send().await;
    let guid = made.is(StatusCode::CREATED).json["guid"].as_str().expect("a GUID").to_owned();
    api.get(&format!("/usage/v1/instances/{guid}")).send().await.rejected(404, "USAGE_NOT_FOUND_ERR");
}
