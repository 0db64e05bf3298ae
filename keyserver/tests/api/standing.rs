//! Tokens that outlive what they came from, resource groups, and what goes with an instance.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::{
    support::{Api, READER, envelope, objects::OBJECTS},
    support_iam::{ADMINISTRATOR, VIEWER, refused},
};

const PATH: &str = "/v2/resource_instances";
const EDITOR: &str = "crn:v1:bluemix:public:iam::::role:Editor";

#[tokio::test]
async fn tokens_of_an_api_key_that_does_not_count_do_not_count() {
    let api = Api::new().await;
    let someone = api.someone(&[READER], &[]).await;
    let listed = api.get(&format!("/v1/apikeys?scope=account&iam_id={}", someone.iam_id)).send().await;
    let id = listed.json["apikeys"][0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/apikeys/{id}");
    let list = || api.get("/api/v2/keys").token(&someone.token).send();
    list().await.is(StatusCode::OK);
    api.post(&format!("{path}/lock")).send().await.is(StatusCode::NO_CONTENT);
    list().await.is(StatusCode::OK);
    api.delete(&format!("{path}/lock")).send().await.is(StatusCode::NO_CONTENT);
    api.post(&format!("{path}/disable")).send().await.is(StatusCode::NO_CONTENT);
    list().await.refused(401, "UNAUTHORIZED_ERR");
    api.delete(&format!("{path}/disable")).send().await.is(StatusCode::NO_CONTENT);
    list().await.is(StatusCode::OK);

    let expires = json!({"name": "key", "expires_at": "2026-01-10T09:10:00Z"});
    let put = api.call(Method::PUT, &path).header("if-match", "*").json(&expires);
    put.send().await.is(StatusCode::OK);
    api.clock.advance(599);
    list().await.is(StatusCode::OK);
    api.clock.advance(1);
    list().await.refused(401, "UNAUTHORIZED_ERR");

    let other = api.someone(&[READER], &[]).await;
    let listed = api.get(&format!("/v1/apikeys?scope=account&iam_id={}", other.iam_id)).send().await;
    let id = listed.json["apikeys"][0]["id"].as_str().expect("an id").to_owned();
    api.get("/api/v2/keys").token(&other.token).send().await.is(StatusCode::OK);
    api.delete(&format!("/v1/apikeys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    api.get("/api/v2/keys").token(&other.token).send().await.refused(401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn an_operators_api_key_takes_the_tokens_of_instances_with_it() {
    let api = Api::new().await;
    let key = api.root_key().await;
    api.make_policy(&api.authorization(&[("serviceName", "discovery")], &[READER], &[])).await;
    let crn = api.crn("discovery", crate::support_iam::TENANT);
    let operator = api.operator(&crn).await;
    let answer = api.act_for(&operator.token, &crn).await;
    let token = answer.json["access_token"].as_str().expect("a token").to_owned();
    let wrap = || api.post(&format!("/api/v2/keys/{key}/actions/wrap")).token(&token).send();
    wrap().await.is(StatusCode::OK);
    let listed = api.get(&format!("/v1/apikeys?scope=account&iam_id={}", operator.iam_id)).send().await;
    let id = listed.json["apikeys"][0]["id"].as_str().expect("an id").to_owned();
    api.delete(&format!("/v1/apikeys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    wrap().await.refused(401, "UNAUTHORIZED_ERR");
    assert_eq!(api.act_for(&operator.token, &crn).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_orders_into_a_resource_group_has_a_role_on_it() {
    let api = Api::new().await;
    let someone = api.someone(&[], &[]).await;
    api.grant_on(OBJECTS, &someone.iam_id, &[EDITOR], &[]).await;
    let order = |group: &str| {
        let mut body = api.order("theirs", json!({}));
        body["resource_group"] = json!(group);
        api.post(PATH).token(&someone.token).json(&body).send()
    };
    order("blue").await.rejected(403, "RESOURCE_GROUP_ACCESS_ERR");
    let policy = api.let_into_group(&someone.iam_id, "blue", VIEWER).await;
    order("blue").await.is(StatusCode::CREATED);
    order("red").await.rejected(403, "RESOURCE_GROUP_ACCESS_ERR");
    let read = api.get(&format!("/v1/policies/{policy}")).send().await;
    let attributes = read.is(StatusCode::OK).json["resources"][0]["attributes"].clone();
    let equals = |name: &str, value: &str| json!({"name": name, "value": value, "operator": "stringEquals"});
    let wanted =
        [equals("accountId", &api.account), equals("resourceType", "resource-group"), equals("resource", "blue")];
    assert_eq!(attributes, json!(wanted));
    api.remove_policy(&policy).await;
    order("blue").await.rejected(403, "RESOURCE_GROUP_ACCESS_ERR");
}

#[tokio::test]
async fn a_role_on_a_resource_group_is_none_on_anything_else() {
    let api = Api::new().await;
    let someone = api.someone(&[], &[]).await;
    api.let_into_group(&someone.iam_id, "blue", ADMINISTRATOR).await;
    api.get("/api/v2/keys").token(&someone.token).send().await.refused(401, "UNAUTHORIZED_ERR");
    refused(&api.get("/v1/serviceids").token(&someone.token).send().await, 401, "UNAUTHORIZED_ERR");
    let order = api.post(PATH).token(&someone.token).json(&api.order("theirs", json!({})));
    order.send().await.rejected(401, "UNAUTHORIZED_ERR");
    let mut odd = api.policy(&someone.iam_id, &[VIEWER], &[("resourceType", "resource-group"), ("resource", "blue")]);
    refused(&api.post("/v1/policies").json(&odd).send().await, 400, "INVALID_FIELD_ERR");
    odd["resources"][0]["attributes"] = json!([
        {"name": "accountId", "value": api.account}, {"name": "resourceType", "value": "resource-group"},
    ]);
    refused(&api.post("/v1/policies").json(&odd).send().await, 400, "INVALID_FIELD_ERR");
}

#[tokio::test]
async fn a_token_of_an_instance_is_in_the_group_that_the_instance_was_ordered_into() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let ordered = async |group: &str| {
        let mut body = api.order("theirs", json!({}));
        body["resource_group"] = json!(group);
        let made = api.post(PATH).json(&body).send().await;
        made.is(StatusCode::CREATED).json["guid"].as_str().expect("a GUID").to_owned()
    };
    let (blue, red) = (ordered("blue").await, ordered("red").await);
    api.make_policy(&api.authorization(&[("resourceGroupId", "blue")], &[READER], &[])).await;
    let (inside, outside) = (api.service_token(OBJECTS, &blue).await, api.service_token(OBJECTS, &red).await);
    let wrap = |token: &str| api.post(&format!("/api/v2/keys/{key}/actions/wrap")).token(token).send();
    wrap(&inside).await.is(StatusCode::OK);
    wrap(&outside).await.refused(401, "UNAUTHORIZED_ERR");
    // The operator of another service cannot borrow the instance's GUID.
    let crn = api.crn("discovery", &blue);
    let operator = api.operator(&crn).await;
    let borrowed = api.act_for(&operator.token, &crn).await;
    assert_eq!((borrowed.status.as_u16(), &borrowed.json["errorCode"]), (403, &json!("NOT_OPERATOR_ERR")));
}

#[tokio::test]
async fn a_removed_instance_acts_for_nobody() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let store = api.encrypted_by(&key).await;
    let operator = api.operator(&store.crn).await;
    let answer = api.act_for(&operator.token, &store.crn).await;
    let token = answer.is(StatusCode::OK).json["access_token"].as_str().expect("a token").to_owned();
    let wrap = || api.post(&format!("/api/v2/keys/{key}/actions/wrap")).token(&token).send();
    wrap().await.is(StatusCode::OK);
    api.delete(&format!("{PATH}/{}", store.guid)).send().await.is(StatusCode::NO_CONTENT);
    wrap().await.refused(401, "UNAUTHORIZED_ERR");
    let again = api.act_for(&operator.token, &store.crn).await;
    assert_eq!((again.status.as_u16(), &again.json["errorCode"]), (410, &json!("RESOURCE_REMOVED_ERR")));
}

#[tokio::test]
async fn policies_on_a_key_protect_instance_go_when_it_is_reclaimed() {
    let api = Api::new().await;
    let someone = api.someone(&[], &[]).await;
    let here = [("serviceInstance", api.instance.as_str())];
    let access = api.grant(&someone.iam_id, &[READER], &here).await;
    let authorization = api.authorize(&[]).await;
    let everywhere = api.grant(&someone.iam_id, &[READER], &[]).await;
    let state = async |id: &str| api.get(&format!("/v1/policies/{id}")).send().await.json["state"].clone();
    let list = api.get("/api/v2/keys").token(&someone.token).send().await;
    list.is(StatusCode::OK);
    api.delete(&format!("{PATH}/{}", api.instance)).send().await.is(StatusCode::NO_CONTENT);
    assert_eq!(state(&access).await, "active", "it can come back");
    let reclamation = api.get("/v1/reclamations").send().await.json["resources"][0]["id"].clone();
    let path = format!("/v1/reclamations/{}/actions/reclaim", reclamation.as_str().expect("an id"));
    api.post(&path).send().await.is(StatusCode::OK);
    assert_eq!([state(&access).await, state(&authorization).await], ["deleted", "deleted"]);
    assert_eq!(state(&everywhere).await, "active");
    assert_eq!(api.events_of("iam-am.policy.delete").len(), 2);
    assert_eq!(api.events_of("resource-controller.reclamation.reclaim").len(), 1);
    let new = envelope(json!({"name": "too late", "extractable": false}));
    api.post("/api/v2/keys").json(&new).send().await.refused(401, "UNAUTHORIZED_ERR");
}
