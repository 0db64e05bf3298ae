//! `/v1/serviceids`, `/v1/apikeys`, `/v1/policies`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Api, MANAGER, READER};

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.json["errors"][0]["code"].as_str()),
        (status, Some(code)),
        "{}",
        answer.text
    );
    assert_eq!(answer.json["status_code"], status);
    assert_eq!(answer.json["trace"], answer.header("correlation-id"));
}

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
async fn policies_are_made_listed_read_and_removed() {
    let api = Api::new().await;
    let someone = api.someone(&[], &[]).await;
    let attributes = [("serviceInstance", api.instance.as_str())];
    let made = api.post("/v1/policies").json(&api.policy(&someone.iam_id, &[READER], &attributes)).send().await;
    made.is(StatusCode::CREATED);
    let id = made.json["id"].as_str().expect("an id");
    assert_eq!(made.json["type"], "access");
    assert_eq!(made.json["state"], "active");
    assert_eq!(made.json["roles"], json!([{"role_id": READER, "display_name": "Reader"}]));
    assert_eq!(made.json["subjects"][0]["attributes"][0]["value"], someone.iam_id);
    assert_eq!(made.json["resources"][0]["attributes"].as_array().expect("a list").len(), 3);

    let list = format!("/v1/policies?account_id={}&type=access&iam_id={}", api.account, someone.iam_id);
    assert_eq!(api.get(&list).send().await.json["policies"], json!([made.json]));
    let all = api.get(&format!("/v1/policies?account_id={}", api.account)).send().await;
    assert_eq!(all.json["policies"].as_array().expect("a list").len(), 2);
    let path = format!("/v1/policies/{id}");
    assert_eq!(api.get(&path).send().await.json, made.json);
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    refused(&api.get(&path).send().await, 404, "policy_not_found");
    refused(&api.delete(&path).send().await, 404, "policy_not_found");
    refused(&api.get("/v1/policies/not-a-uuid").send().await, 404, "policy_not_found");
    assert_eq!(api.get(&list).send().await.json["policies"], json!([]));
}

#[tokio::test]
async fn a_policy_that_is_not_understood_is_refused() {
    let api = Api::new().await;
    let someone = api.someone(&[], &[]).await;
    let good = |attributes: &[(&str, &str)]| api.policy(&someone.iam_id, &[READER], attributes);
    let with = |pointer: &str, value: Value| {
        let mut body = good(&[]);
        *body.pointer_mut(pointer).expect("there") = value;
        body
    };
    let bodies = [
        with("/type", json!("authorization")),
        with("/roles", json!([])),
        with("/roles/0/role_id", json!("crn:v1:bluemix:public:iam::::serviceRole:Emperor")),
        with("/subjects", json!([])),
        with("/subjects/0/attributes/0/name", json!("access_group_id")),
        with("/resources/0/attributes/1/value", json!("discovery")),
        with("/resources/0/attributes/1/operator", json!("stringMatch")),
        with("/resources/0/attributes/0/name", json!("resourceGroupId")),
        good(&[("keyRing", "default")]),
        good(&[("serviceInstance", "not a GUID")]),
        good(&[("serviceInstance", "00000000-0000-4000-8000-000000000000")]),
        good(&[("resourceType", "key")]),
        good(&[("resource", "00000000-0000-4000-8000-000000000000")]),
        good(&[("resourceType", "instance")]),
    ];
    for body in bodies {
        let answer = api.post("/v1/policies").json(&body).send().await;
        refused(&answer, 400, "INVALID_FIELD_ERR");
    }
    let foreign = with("/resources/0/attributes/0/value", json!("another account"));
    refused(&api.post("/v1/policies").json(&foreign).send().await, 401, "UNAUTHORIZED_ERR");
    refused(&api.get("/v1/policies").send().await, 400, "INVALID_QUERY_PARAM_ERR");
    let other = format!("/v1/policies?account_id={}&type=authorization", api.account);
    refused(&api.get(&other).send().await, 400, "INVALID_QUERY_PARAM_ERR");
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
