//! Tokens, the instance header, roles and policies: who may do what.

use axum::http::{Method, StatusCode};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::json;

use crate::support::{Api, MANAGER, READER, READER_PLUS, WRITER, envelope};

#[tokio::test]
async fn requests_without_a_good_token_are_refused() {
    let api = Api::new().await;
    let path = "/api/v2/keys";
    api.get(path).without("authorization").send().await.refused(401, "UNAUTHORIZED_ERR");
    for header in ["", "Bearer", "Bearer ", "Basic Yng6Yng=", "Bearer a.b.c", "Bearer nonsense"] {
        api.get(path).header("authorization", header).send().await.refused(401, "UNAUTHORIZED_ERR");
    }
    api.get(path).header("authorization", &format!("bearer {}", api.token)).send().await.is(StatusCode::OK);
}

#[tokio::test]
async fn altered_and_unsigned_tokens_are_refused() {
    let api = Api::new().await;
    let parts: Vec<&str> = api.token.split('.').collect();
    let none = Base64UrlUnpadded::encode_string(br#"{"alg":"none","typ":"JWT"}"#);
    let hmac = Base64UrlUnpadded::encode_string(br#"{"alg":"HS256","typ":"JWT"}"#);
    let mut claims: serde_json::Value =
        serde_json::from_slice(&Base64UrlUnpadded::decode_vec(parts[1]).expect("base64url")).expect("JSON");
    claims["name"] = json!("somebody else");
    let forged = Base64UrlUnpadded::encode_string(claims.to_string().as_bytes());
    for token in [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{hmac}.{}.{}", parts[1], parts[2]),
        format!("{}.{forged}.{}", parts[0], parts[2]),
    ] {
        api.get("/api/v2/keys").token(&token).send().await.refused(401, "UNAUTHORIZED_ERR");
    }
}

#[tokio::test]
async fn tokens_of_another_server_are_refused() {
    let (api, other) = (Api::new().await, Api::new().await);
    api.get("/api/v2/keys").token(&other.token).send().await.refused(401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn tokens_expire_after_an_hour_and_do_not_come_from_the_future() {
    let api = Api::new().await;
    api.clock.advance(3599);
    api.get("/api/v2/keys").send().await.is(StatusCode::OK);
    api.clock.advance(1);
    let answer = api.get("/api/v2/keys").send().await;
    answer.refused(401, "UNAUTHORIZED_ERR");
    assert!(answer.text.contains("expired"), "{}", answer.text);
    api.clock.advance(-3600 - 61);
    api.get("/api/v2/keys").send().await.refused(401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn the_instance_header_is_required_and_must_name_an_instance_of_ours() {
    let api = Api::new().await;
    let path = "/api/v2/keys";
    let answer = api.get(path).without("bluemix-instance").send().await;
    answer.refused_for(400, "INVALID_FIELD_ERR", "field", "Bluemix-Instance");
    let answer = api.get(path).header("bluemix-instance", "not a GUID").send().await;
    answer.refused_for(400, "INVALID_FIELD_ERR", "field", "Bluemix-Instance");
    let nobody = "00000000-0000-4000-8000-000000000000";
    api.get(path).header("bluemix-instance", nobody).send().await.refused(401, "UNAUTHORIZED_ERR");
}

/// For each role: list, create, read, metadata, versions, wrap, unwrap, rewrap, rotate, disable, delete, restore.
#[tokio::test]
async fn each_role_may_do_what_its_row_says() {
    const ROWS: [(&str, [bool; 12]); 4] = [
        (READER, [true, false, false, true, true, true, true, true, false, false, false, false]),
        (READER_PLUS, [true, false, true, true, true, true, true, true, false, false, false, false]),
        (WRITER, [true, true, true, true, true, true, true, true, true, false, false, false]),
        (MANAGER, [true; 12]),
    ];
    let api = Api::new().await;
    for (role, row) in ROWS {
        let key = api.root_key().await;
        let ciphertext = api.wrap(&key, json!({})).await["ciphertext"].clone();
        let token = api.someone(&[role], &[("serviceInstance", &api.instance)]).await.token;
        let unwrap = json!({"ciphertext": ciphertext});
        let new = envelope(json!({"name": "another", "extractable": false}));
        let one = |rest: &str| format!("/api/v2/keys/{key}{rest}");
        let calls = [
            api.get("/api/v2/keys"),
            api.post("/api/v2/keys").json(&new),
            api.get(&one("")),
            api.get(&one("/metadata")),
            api.get(&one("/versions")),
            api.post(&one("/actions/wrap")),
            api.post(&one("/actions/unwrap")).json(&unwrap),
            api.post(&one("/actions/rewrap")).json(&unwrap),
            api.post(&one("/actions/rotate")),
            api.post(&one("/actions/disable")),
            api.delete(&one("")),
            api.post(&one("/restore")),
        ];
        for (index, (call, allowed)) in calls.into_iter().zip(row).enumerate() {
            let answer = call.token(&token).send().await;
            let refused = answer.status == StatusCode::UNAUTHORIZED;
            assert_eq!(!refused, allowed, "{role} call {index}: {}", answer.text);
            if refused {
                answer.refused(401, "UNAUTHORIZED_ERR");
                assert!(answer.text.contains("The user does not have access to the specified resource"));
            }
        }
        let total = api.call(Method::HEAD, "/api/v2/keys").token(&token).send().await;
        total.is(StatusCode::OK);
    }
}

#[tokio::test]
async fn someone_without_a_policy_may_do_nothing() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let token = api.someone(&[], &[]).await.token;
    api.get("/api/v2/keys").token(&token).send().await.refused(401, "UNAUTHORIZED_ERR");
    let wrap = api.post(&format!("/api/v2/keys/{key}/actions/wrap")).token(&token);
    wrap.send().await.refused(401, "UNAUTHORIZED_ERR");
    let head = api.call(Method::HEAD, "/api/v2/keys").token(&token).send().await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (401, ""));
}

#[tokio::test]
async fn a_policy_for_one_key_reaches_that_key_only() {
    let api = Api::new().await;
    let (mine, other) = (api.root_key().await, api.root_key().await);
    let attributes = [("serviceInstance", api.instance.as_str()), ("resourceType", "key"), ("resource", mine.as_str())];
    let token = api.someone(&[MANAGER], &attributes).await.token;
    let wrap = |key: &str| api.post(&format!("/api/v2/keys/{key}/actions/wrap")).token(&token);

    wrap(&mine).send().await.is(StatusCode::OK);
    wrap(&other).send().await.refused(401, "UNAUTHORIZED_ERR");
    // Whether another key exists is not told.
    wrap("00000000-0000-4000-8000-000000000000").send().await.refused(401, "UNAUTHORIZED_ERR");
    let listed = api.get("/api/v2/keys").token(&token).send().await;
    assert_eq!(listed.resource()["id"], mine);
    let total = api.call(Method::HEAD, "/api/v2/keys").token(&token).send().await;
    assert_eq!(total.header("key-total"), "1");
    let new = envelope(json!({"name": "another", "extractable": false}));
    api.post("/api/v2/keys").token(&token).json(&new).send().await.refused(401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn removing_a_policy_works_at_once_and_so_does_making_it_again() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let ciphertext = api.wrap(&key, json!({})).await["ciphertext"].clone();
    let attributes = [("serviceInstance", api.instance.as_str())];
    let someone = api.someone(&[READER], &attributes).await;
    let unwrap = || {
        let call = api.post(&format!("/api/v2/keys/{key}/actions/unwrap")).token(&someone.token);
        call.json(&json!({"ciphertext": ciphertext})).send()
    };
    unwrap().await.is(StatusCode::OK);
    api.delete(&format!("/v1/policies/{}", someone.policy)).send().await.is(StatusCode::NO_CONTENT);
    unwrap().await.refused(401, "UNAUTHORIZED_ERR");
    api.grant(&someone.iam_id, &[READER], &attributes).await;
    unwrap().await.is(StatusCode::OK);
}
