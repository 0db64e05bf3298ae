//! `/v1/policies`, `/v2/policies`: their shapes, ETags, states, lists, and who may make and change them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    support::{Api, KEY_PURGE, MANAGER, READER, WRITER},
    support_iam::{ADMINISTRATOR, DELEGATOR, VIEWER, refused},
};

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
    let read = api.get(&path).send().await;
    assert_eq!((&read.json, read.header("etag")), (&made.json, made.header("etag")));
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    assert_eq!(api.get(&path).send().await.is(StatusCode::OK).json["state"], "deleted");
    refused(&api.delete(&path).send().await, 404, "policy_not_found");
    refused(&api.get("/v1/policies/00000000-0000-4000-8000-000000000000").send().await, 404, "policy_not_found");
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
        with("/type", json!("emperor")),
        with("/roles", json!([])),
        with("/roles/0/role_id", json!("crn:v1:bluemix:public:iam::::serviceRole:Emperor")),
        with("/subjects", json!([])),
        with("/subjects/0/attributes/0/name", json!("access_group_id")),
        with("/resources/0/attributes/1/value", json!("Discovery!")),
        with("/resources/0/attributes/1/name", json!("serviceType")),
        with("/roles/0/role_id", json!(DELEGATOR)),
        with("/subjects/0/attributes/0/value", json!("two words")),
        with("/resources/0/attributes/1/operator", json!("stringMatch")),
        with("/resources/0/attributes/0/name", json!("resourceGroupId")),
        good(&[("keyRing", "?")]),
        good(&[("serviceType", "platform_service")]),
        good(&[("serviceName", "kms")]),
        good(&[("serviceInstance", "not a GUID")]),
        good(&[("serviceInstance", "00000000-0000-4000-8000-000000000000")]),
        good(&[("resourceType", "key")]),
        good(&[("resource", "00000000-0000-4000-8000-000000000000")]),
        good(&[("resourceType", "instance")]),
    ];
    for body in bodies {
        let answer = api.post("/v1/policies").json(&body).send().await;
        assert_eq!(answer.status.as_u16(), 400, "{body}");
        refused(&answer, 400, "INVALID_FIELD_ERR");
    }
    let foreign = with("/resources/0/attributes/0/value", json!("another"));
    refused(&api.post("/v1/policies").json(&foreign).send().await, 401, "UNAUTHORIZED_ERR");
    refused(&api.get("/v1/policies").send().await, 400, "INVALID_QUERY_PARAM_ERR");
    let mut long = good(&[]);
    long["description"] = json!("x".repeat(301));
    refused(&api.post("/v1/policies").json(&long).send().await, 400, "INVALID_FIELD_ERR");
    let mut tagged = good(&[]);
    tagged["resources"][0]["tags"] = json!([{"name": "project", "value": "x"}]);
    refused(&api.post("/v1/policies").json(&tagged).send().await, 400, "BAD_BODY_ERR");
}

#[tokio::test]
async fn a_policy_is_replaced_only_by_whoever_has_seen_it() {
    let api = Api::new().await;
    let someone = api.someone(&[READER], &[]).await;
    let path = format!("/v1/policies/{}", someone.policy);
    let tag = api.get(&path).send().await.header("etag").to_owned();
    let mut body = api.policy(&someone.iam_id, &[WRITER], &[]);
    body["description"] = json!("may write now");
    let put = || api.call(Method::PUT, &path).json(&body);
    refused(&put().send().await, 400, "ETAG_REQUIRED_ERR");
    refused(&put().header("if-match", "7-nonsense").send().await, 409, "ETAG_MISMATCH_ERR");
    api.clock.advance(60);
    let updated = put().header("if-match", &tag).send().await;
    updated.is(StatusCode::OK);
    assert_eq!(updated.json["description"], "may write now");
    assert_eq!(updated.json["roles"][0]["role_id"], WRITER);
    assert_eq!(updated.json["created_at"], "2026-01-10T09:00:00Z");
    assert_eq!(updated.json["last_modified_at"], "2026-01-10T09:01:00Z");
    assert_ne!(updated.header("etag"), tag);
    refused(&put().header("if-match", &tag).send().await, 409, "ETAG_MISMATCH_ERR");
    let other_type = api.authorization(&[("serviceName", "discovery")], &[READER], &[]);
    let changed = api.call(Method::PUT, &path).header("if-match", updated.header("etag")).json(&other_type);
    refused(&changed.send().await, 400, "INVALID_FIELD_ERR");
    let new = crate::support::envelope(json!({"name": "a key", "extractable": false}));
    api.post("/api/v2/keys").token(&someone.token).json(&new).send().await.is(StatusCode::CREATED);
}

#[tokio::test]
async fn a_deleted_policy_can_be_made_active_again() {
    let api = Api::new().await;
    let someone = api.someone(&[READER], &[]).await;
    let list = || api.get("/api/v2/keys").token(&someone.token).send();
    let path = format!("/v1/policies/{}", someone.policy);
    let tag = api.get(&path).send().await.header("etag").to_owned();
    api.remove_policy(&someone.policy).await;
    list().await.refused(401, "UNAUTHORIZED_ERR");
    let patch = |body: Value| api.call(Method::PATCH, &path).header("if-match", &tag).json(&body).send();
    refused(&patch(json!({"state": "deleted"})).await, 400, "INVALID_FIELD_ERR");
    let put = api.call(Method::PUT, &path).header("if-match", &tag).json(&api.policy(&someone.iam_id, &[READER], &[]));
    refused(&put.send().await, 404, "policy_not_found");
    assert_eq!(patch(json!({"state": "active"})).await.is(StatusCode::OK).json["state"], "active");
    list().await.is(StatusCode::OK);
    refused(&patch(json!({"state": "active"})).await, 409, "ETAG_MISMATCH_ERR");
}

#[tokio::test]
async fn two_active_policies_never_say_the_same() {
    let api = Api::new().await;
    let someone = api.someone(&[], &[]).await;
    let body = api.policy(&someone.iam_id, &[READER, WRITER], &[]);
    let first = api.make_policy(&body).await;
    let swapped = api.policy(&someone.iam_id, &[WRITER, READER, READER], &[]);
    refused(&api.post("/v1/policies").json(&swapped).send().await, 409, "policy_conflict_error");
    api.remove_policy(&first).await;
    let second = api.make_policy(&body).await;
    let path = format!("/v1/policies/{first}");
    let tag = api.get(&path).send().await.header("etag").to_owned();
    let restore = || api.call(Method::PATCH, &path).header("if-match", &tag).json(&json!({"state": "active"}));
    refused(&restore().send().await, 409, "policy_conflict_error");
    api.remove_policy(&second).await;
    restore().send().await.is(StatusCode::OK);
}

#[tokio::test]
async fn both_versions_show_the_same_policies() {
    let api = Api::new().await;
    let someone = api.someone(&[], &[]).await;
    let equals = |key: &str, value: &str| json!({"key": key, "operator": "stringEquals", "value": value});
    let body = json!({
        "type": "access",
        "description": "second version",
        "subject": {"attributes": [equals("iam_id", &someone.iam_id)]},
        "control": {"grant": {"roles": [{"role_id": READER}]}},
        "resource": {"attributes": [equals("accountId", &api.account), equals("serviceName", "kms"), equals("keyRing", "blue")]},
    });
    let made = api.post("/v2/policies").json(&body).send().await;
    made.is(StatusCode::CREATED);
    for field in ["type", "description", "subject", "control", "resource"] {
        assert_eq!(made.json[field], body[field], "{field}");
    }
    let id = made.json["id"].as_str().expect("an id");
    assert_eq!(made.json["href"], format!("/v2/policies/{id}"));
    let first = api.get(&format!("/v1/policies/{id}")).send().await;
    assert_eq!(first.json["resources"][0]["attributes"][2]["name"], "keyRing");
    assert_eq!(first.header("etag"), made.header("etag"));

    let path = format!("/v2/policies/{id}");
    let mut changed = body.clone();
    changed["control"]["grant"]["roles"][0]["role_id"] = json!(WRITER);
    let put = api.call(Method::PUT, &path).header("if-match", made.header("etag")).json(&changed).send().await;
    assert_eq!(put.is(StatusCode::OK).json["control"], changed["control"]);
    assert_eq!(api.get(&path).send().await.json, put.json);
    let list = api.get(&format!("/v2/policies?account_id={}&iam_id={}", api.account, someone.iam_id)).send().await;
    assert_eq!(list.json["policies"], json!([put.json]));
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    assert_eq!(api.get(&path).send().await.json["state"], "deleted");

    for (field, value) in [("rule", json!({"key": "x"})), ("pattern", json!("time-based"))] {
        let mut conditional = body.clone();
        conditional[field] = value;
        refused(&api.post("/v2/policies").json(&conditional).send().await, 400, "INVALID_FIELD_ERR");
    }
}

#[tokio::test]
async fn lists_are_narrowed_sorted_and_paged() {
    let api = Api::new().await;
    let someone = api.someone(&[READER], &[]).await;
    api.clock.advance(1);
    let authorization = api.make_policy(&api.authorization(&[("serviceName", "discovery")], &[READER], &[])).await;
    api.clock.advance(1);
    let gone = api.grant(&someone.iam_id, &[WRITER], &[]).await;
    api.remove_policy(&gone).await;
    let ids = |query: &str| {
        let call = api.get(&format!("/v1/policies?account_id={}{query}", api.account));
        async move {
            let answer = call.send().await;
            let policies = answer.is(StatusCode::OK).json["policies"].as_array().expect("a list").clone();
            policies.iter().map(|policy| policy["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
        }
    };
    let all = ids("").await;
    assert_eq!(all.len(), 3, "the administrator's, the reader's and the authorization");
    assert_eq!(ids("&type=authorization&format=display").await, [authorization.as_str()]);
    assert_eq!(ids("&state=deleted").await, [gone]);
    assert_eq!(ids(&format!("&iam_id={}", someone.iam_id)).await, [someone.policy.as_str()]);
    assert_eq!(ids("&service_type=service").await, all[1..]);
    assert_eq!(ids("&service_type=platform_service").await, [""; 0]);
    let newest_first: Vec<String> = ids("&sort=-created_at").await;
    assert_eq!(newest_first[0], authorization);
    assert_eq!(ids("&limit=2").await, all[..2]);
    let page = api.get(&format!("/v1/policies?account_id={}&limit=2", api.account)).send().await;
    assert_eq!(page.json["limit"], 2);
    let start = page.json["next"]["start"].as_str().expect("a next page");
    assert_eq!(ids(&format!("&limit=2&start={start}")).await, all[2..]);
    let last = api.get(&format!("/v1/policies?account_id={}&limit=2&start={start}", api.account)).send().await;
    assert!(last.json.get("next").is_none(), "{}", last.text);
    for bad in
        ["limit=0", "limit=x", "start=x", "type=x", "state=x", "sort=x", "format=x", "service_type=x", "tag_name=x"]
    {
        let answer = api.get(&format!("/v1/policies?account_id={}&{bad}", api.account)).send().await;
        refused(&answer, 400, "INVALID_QUERY_PARAM_ERR");
    }
    refused(&api.get("/v1/policies?account_id=another").send().await, 401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn nobody_gives_more_than_they_have() {
    let api = Api::new().await;
    let here = [("serviceInstance", api.instance.as_str())];
    let keeper = api.someone(&[MANAGER], &here).await;
    let someone = api.someone(&[], &[]).await;
    let make = |token: &str, body: &Value| api.post("/v1/policies").token(token).json(body).send();
    let discovery = [("serviceName", "discovery")];
    let reader = api.authorization(&discovery, &[READER], &[]);

    // A manager of the keys does not see the service, so the service is not theirs to let in.
    refused(&make(&keeper.token, &reader).await, 401, "UNAUTHORIZED_ERR");
    let mut viewer = api.policy(&keeper.iam_id, &[VIEWER], &[]);
    viewer["resources"][0]["attributes"][1]["value"] = json!("discovery");
    api.make_policy(&viewer).await;
    make(&keeper.token, &reader).await.is(StatusCode::CREATED);
    make(&keeper.token, &api.authorization(&discovery, &[MANAGER, DELEGATOR], &[])).await.is(StatusCode::CREATED);
    let mut elsewhere = api.authorization(&discovery, &[READER], &[]);
    elsewhere["resources"][0]["attributes"].as_array_mut().expect("a list").truncate(2);
    refused(&make(&keeper.token, &elsewhere).await, 401, "UNAUTHORIZED_ERR");
    // People are let in by administrators only.
    refused(&make(&keeper.token, &api.policy(&someone.iam_id, &[READER], &here)).await, 401, "UNAUTHORIZED_ERR");
    refused(&make(&keeper.token, &api.policy(&keeper.iam_id, &[KEY_PURGE], &here)).await, 401, "UNAUTHORIZED_ERR");

    let administrator = api.someone(&[ADMINISTRATOR], &here).await;
    let made = make(&administrator.token, &api.policy(&someone.iam_id, &[READER], &here)).await;
    let id = made.is(StatusCode::CREATED).json["id"].as_str().expect("an id");
    refused(&make(&administrator.token, &api.policy(&someone.iam_id, &[READER], &[])).await, 401, "UNAUTHORIZED_ERR");
    let path = format!("/v1/policies/{id}");
    refused(&api.delete(&path).token(&keeper.token).send().await, 401, "UNAUTHORIZED_ERR");
    // Widening by a change is refused as widening from the start is.
    let wider = api.policy(&someone.iam_id, &[READER], &[]);
    let put = api.call(Method::PUT, &path).token(&administrator.token).header("if-match", made.header("etag"));
    refused(&put.json(&wider).send().await, 401, "UNAUTHORIZED_ERR");
    api.delete(&path).token(&administrator.token).send().await.is(StatusCode::NO_CONTENT);
    // What they cannot see, they are told no more of than that it is not theirs.
    let root = format!("/v1/policies?account_id={}&sort=created_at", api.account);
    let first = api.get(&root).send().await.json["policies"][0]["id"].as_str().expect("an id").to_owned();
    for id in [first.as_str(), "00000000-0000-4000-8000-000000000000", "not-a-uuid"] {
        let answer = api.get(&format!("/v1/policies/{id}")).token(&administrator.token).send().await;
        refused(&answer, 401, "UNAUTHORIZED_ERR");
    }
}
