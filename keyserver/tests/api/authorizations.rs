//! Services that are let in by authorizations: their tokens, what they may do, and when they no longer may.

use axum::http::{Method, StatusCode};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

use crate::{
    support::{Api, MANAGER, READER, WRITER, envelope},
    support_iam::{DELEGATOR, OTHER_TENANT, TENANT, refused},
};

const DISCOVERY: [(&str, &str); 1] = [("serviceName", "discovery")];

#[tokio::test]
async fn an_operator_gets_tokens_for_instances_of_its_service() {
    let api = Api::new().await;
    let operator = api.operator(&format!("crn:v1:bluemix:public:discovery::a/{}:::", api.account)).await;
    let crn = api.crn("discovery", TENANT);
    let answer = api.act_for(&operator.token, &crn).await;
    answer.is(StatusCode::OK);
    assert_eq!(answer.json["expires_in"], 1800);
    let token = answer.json["access_token"].as_str().expect("a token");
    let claims = Base64UrlUnpadded::decode_vec(token.split('.').nth(1).expect("three parts")).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert_eq!(claims["iam_id"], format!("crn-{crn}"));
    assert_eq!(claims["id"], claims["iam_id"]);
    assert_eq!((&claims["realmid"], &claims["sub_type"]), (&json!("crn"), &json!("CRN")));
    assert_eq!((&claims["sub"], &claims["identifier"]), (&json!(crn), &json!(crn)));
    assert_eq!(claims["authn"], json!({"sub": crn, "iam_id": format!("crn-{crn}"), "sub_type": "CRN"}));
    assert_eq!(claims["grant_type"], "urn:ibm:params:oauth:grant-type:iam-authz");
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!(0), &json!([])));
    assert!(claims.get("name").is_none());
    assert_eq!(claims["account"]["bss"], api.account);
    let (iat, exp) = (claims["iat"].as_i64().expect("a number"), claims["exp"].as_i64().expect("a number"));
    assert_eq!(exp - iat, 1800);
}

#[tokio::test]
async fn nobody_else_gets_a_token_for_an_instance() {
    let api = Api::new().await;
    let crn = api.crn("discovery", TENANT);
    let code = |answer: crate::support::Answer, status: u16, code: &str| {
        assert_eq!(
            (answer.status.as_u16(), answer.json["errorCode"].as_str()),
            (status, Some(code)),
            "{}",
            answer.text
        );
    };
    let other_service = api.operator(&api.crn("assistant", TENANT)).await;
    let other_instance = api.operator(&api.crn("discovery", OTHER_TENANT)).await;
    let other_region =
        api.operator(&format!("crn:v1:bluemix:public:discovery:eu-de:a/{}:{TENANT}::", api.account)).await;
    for token in [&api.token, &other_service.token, &other_instance.token, &other_region.token] {
        code(api.act_for(token, &crn).await, 403, "NOT_OPERATOR_ERR");
    }
    // A service's own token does not operate that service.
    let own = api.service_token("discovery", TENANT).await;
    code(api.act_for(&own, &crn).await, 403, "NOT_OPERATOR_ERR");
    code(api.act_for("nonsense", &crn).await, 401, "BXNIM0407E");
    let operator = api.operator(&format!("crn:v1:bluemix:public:discovery::a/{}:::", api.account)).await;
    for bad in ["", "nonsense", "crn:v1:bluemix:public:discovery:us-south:a/another", &api.crn("discovery", "")] {
        code(api.act_for(&operator.token, bad).await, 400, "BXNIM0109E");
    }
    let foreign = format!("crn:v1:bluemix:public:discovery:us-south:a/another:{TENANT}::");
    code(api.act_for(&operator.token, &foreign).await, 403, "NOT_OPERATOR_ERR");
    for crns in [json!(["nonsense"]), json!([foreign]), json!(vec![crn; 11])] {
        let body = json!({"account_id": api.account, "name": "x", "unique_instance_crns": crns});
        let answer = api.post("/v1/serviceids").json(&body).send().await;
        assert!([400, 401].contains(&answer.status.as_u16()), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_service_unwraps_while_it_is_authorized_and_not_a_moment_longer() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let ciphertext = api.wrap(&key, json!({})).await["ciphertext"].clone();
    let token = api.service_token("discovery", TENANT).await;
    let unwrap = || {
        let call = api.post(&format!("/api/v2/keys/{key}/actions/unwrap")).token(&token);
        call.json(&json!({"ciphertext": ciphertext})).send()
    };
    let refused = unwrap().await;
    refused.refused(401, "UNAUTHORIZED_ERR");
    assert!(refused.text.contains("Unauthorized: The user does not have access to the specified resource"));

    let body = api.authorization(&DISCOVERY, &[READER], &[]);
    let policy = api.make_policy(&body).await;
    unwrap().await.is(StatusCode::OK);
    api.remove_policy(&policy).await;
    unwrap().await.refused(401, "UNAUTHORIZED_ERR");
    let path = format!("/v1/policies/{policy}");
    let tag = api.get(&path).send().await.header("etag").to_owned();
    let patch = api.call(axum::http::Method::PATCH, &path).header("if-match", &tag);
    patch.json(&json!({"state": "active"})).send().await.is(StatusCode::OK);
    unwrap().await.is(StatusCode::OK);
    api.remove_policy(&policy).await;
    unwrap().await.refused(401, "UNAUTHORIZED_ERR");
    api.make_policy(&body).await;
    unwrap().await.is(StatusCode::OK);
}

#[tokio::test]
async fn an_authorization_reaches_what_it_names_and_lets_in_whom_it_names() {
    let api = Api::new().await;
    let (mine, other) = (api.root_key().await, api.root_key().await);
    let token = api.service_token("discovery", TENANT).await;
    let wrap = |key: &str| api.post(&format!("/api/v2/keys/{key}/actions/wrap")).token(&token).send();
    let one_key = [("resourceType", "key"), ("resource", mine.as_str())];
    for (source, target, reaches) in [
        (vec![("serviceName", "discovery")], vec![], [true, true]),
        (vec![("serviceName", "discovery")], one_key.to_vec(), [true, false]),
        (vec![("serviceName", "discovery")], vec![("keyRing", "default")], [true, true]),
        (vec![("serviceName", "discovery")], vec![("keyRing", "blue")], [false, false]),
        (vec![("serviceName", "discovery"), ("serviceInstance", TENANT)], vec![], [true, true]),
        (vec![("serviceName", "discovery"), ("serviceInstance", OTHER_TENANT)], vec![], [false, false]),
        (vec![("serviceName", "discovery"), ("resourceType", "bucket")], vec![], [false, false]),
        (vec![("serviceName", "assistant")], vec![], [false, false]),
        (vec![("resourceGroupId", "0123")], vec![], [false, false]),
    ] {
        let policy = api.make_policy(&api.authorization(&source, &[READER], &target)).await;
        for (key, reached) in [&mine, &other].into_iter().zip(reaches) {
            let status = wrap(key).await.status;
            let wanted = if reached { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            assert_eq!(status, wanted, "{source:?} {target:?}");
        }
        api.remove_policy(&policy).await;
    }
}

#[tokio::test]
async fn roles_of_an_authorization_are_those_of_people_and_access_policies_do_not_count() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let token = api.service_token("discovery", TENANT).await;
    let access = api.policy(&format!("crn-{}", api.crn("discovery", TENANT)), &[MANAGER], &[]);
    api.make_policy(&access).await;
    let read = || api.get(&format!("/api/v2/keys/{key}")).token(&token).send();
    let create = || {
        let new = envelope(json!({"name": "a key", "extractable": false}));
        api.post("/api/v2/keys").token(&token).json(&new).send()
    };
    read().await.refused(401, "UNAUTHORIZED_ERR");
    api.make_policy(&api.authorization(&DISCOVERY, &[READER], &[])).await;
    read().await.refused(401, "UNAUTHORIZED_ERR");
    api.make_policy(&api.authorization(&DISCOVERY, &[WRITER], &[])).await;
    read().await.is(StatusCode::OK);
    create().await.is(StatusCode::CREATED);
    refused(&api.get("/v1/serviceids").token(&token).send().await, 401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn an_authorization_that_is_not_understood_is_refused() {
    let api = Api::new().await;
    let account = api.account.clone();
    let good = |source: &[(&str, &str)], roles: &[&str]| api.authorization(source, roles, &[]);
    let with = |pointer: &str, value: Value| {
        let mut body = good(&DISCOVERY, &[READER]);
        *body.pointer_mut(pointer).expect("there") = value;
        body
    };
    let administrator = "crn:v1:bluemix:public:iam::::role:Administrator";
    let purge = "crn:v1:bluemix:public:kms::::serviceRole:KeyPurge";
    for body in [
        good(&[], &[READER]),
        good(&[("serviceInstance", TENANT)], &[READER]),
        good(&[("serviceName", "discovery"), ("resourceGroupId", "x")], &[READER]),
        good(&[("resourceGroupId", "x"), ("serviceInstance", TENANT)], &[READER]),
        good(&[("serviceName", "discovery"), ("serviceInstance", "x")], &[READER]),
        good(&[("serviceName", "Discovery")], &[READER]),
        good(&[("serviceName", "discovery"), ("region", "us-south")], &[READER]),
        good(&DISCOVERY, &[]),
        good(&DISCOVERY, &[DELEGATOR]),
        good(&DISCOVERY, &[READER, MANAGER]),
        good(&DISCOVERY, &[administrator]),
        good(&DISCOVERY, &[purge]),
        with("/subjects/0/attributes/0/value", json!("another account")),
        with("/subjects/0/attributes/0/name", json!("iam_id")),
        with("/resources/0/attributes/1/value", json!("discovery")),
        with("/resources/0/attributes/2/value", json!("00000000-0000-4000-8000-000000000000")),
    ] {
        refused(&api.post("/v1/policies").json(&body).send().await, 400, "INVALID_FIELD_ERR");
    }
    let text = good(&DISCOVERY, &[READER]).to_string().replace(&account, "another");
    refused(&api.post("/v1/policies").text(&text).send().await, 401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn a_delegator_hands_reader_on_and_that_outlives_its_own_authorization() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let service = api.service_token("discovery", TENANT).await;
    let storage = api.service_token("cloud-object-storage", OTHER_TENANT).await;
    let wrap = |token: &str| api.post(&format!("/api/v2/keys/{key}/actions/wrap")).token(token).send();
    let bucket = [("serviceName", "cloud-object-storage"), ("serviceInstance", OTHER_TENANT)];
    let handed_on = api.authorization(&bucket, &[READER], &[]);
    let make = |body: &Value| api.post("/v1/policies").token(&service).json(body).send();

    refused(&make(&handed_on).await, 401, "UNAUTHORIZED_ERR");
    let plain = api.make_policy(&api.authorization(&DISCOVERY, &[READER], &[])).await;
    refused(&make(&handed_on).await, 401, "UNAUTHORIZED_ERR");
    api.remove_policy(&plain).await;
    let delegating = api.make_policy(&api.authorization(&DISCOVERY, &[READER, DELEGATOR], &[])).await;
    refused(&make(&api.authorization(&bucket, &[WRITER], &[])).await, 401, "UNAUTHORIZED_ERR");
    refused(&make(&api.authorization(&bucket, &[READER, DELEGATOR], &[])).await, 401, "UNAUTHORIZED_ERR");
    refused(&make(&api.policy("IBMid-1", &[READER], &[])).await, 401, "UNAUTHORIZED_ERR");
    let mut wider = handed_on.clone();
    wider["resources"][0]["attributes"].as_array_mut().expect("a list").truncate(2);
    refused(&make(&wider).await, 401, "UNAUTHORIZED_ERR");
    let made = make(&handed_on).await;
    assert_eq!(made.is(StatusCode::CREATED).json["created_by_id"], format!("crn-{}", api.crn("discovery", TENANT)));
    wrap(&storage).await.is(StatusCode::OK);

    api.remove_policy(&delegating).await;
    wrap(&service).await.refused(401, "UNAUTHORIZED_ERR");
    wrap(&storage).await.is(StatusCode::OK);
    // To cut access completely both have to go.
    api.remove_policy(made.json["id"].as_str().expect("an id")).await;
    wrap(&storage).await.refused(401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn a_service_sees_and_takes_back_only_what_it_made() {
    let api = Api::new().await;
    let service = api.service_token("discovery", TENANT).await;
    let delegating = api.make_policy(&api.authorization(&DISCOVERY, &[READER, DELEGATOR], &[])).await;
    let handed_on = api.authorization(&[("serviceName", "cloud-object-storage")], &[READER], &[]);
    let made = api.post("/v1/policies").token(&service).json(&handed_on).send().await;
    let id = made.is(StatusCode::CREATED).json["id"].as_str().expect("an id");
    let list = api.get(&format!("/v1/policies?account_id={}", api.account)).token(&service).send().await;
    assert_eq!(list.is(StatusCode::OK).json["policies"], json!([made.json]));
    let other = format!("/v1/policies/{delegating}");
    refused(&api.get(&other).token(&service).send().await, 401, "UNAUTHORIZED_ERR");
    refused(&api.delete(&other).token(&service).send().await, 401, "UNAUTHORIZED_ERR");
    let own = format!("/v1/policies/{id}");
    let put = api.call(axum::http::Method::PUT, &own).token(&service).header("if-match", made.header("etag"));
    refused(&put.json(&handed_on).send().await, 401, "UNAUTHORIZED_ERR");
    api.delete(&own).token(&service).send().await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_service_is_no_second_person_for_a_deletion_that_takes_two() {
    let api = Api::new().await;
    let id = api.root_key().await;
    api.make_policy(&api.authorization(&DISCOVERY, &[MANAGER], &[])).await;
    let service = api.service_token("discovery", TENANT).await;
    let policy = json!({
        "metadata": {"collectionType": "application/vnd.ibm.kms.policy+json", "collectionTotal": 1},
        "resources": [{"type": "application/vnd.ibm.kms.policy+json", "dualAuthDelete": {"enabled": true}}],
    });
    let path = format!("/api/v2/keys/{id}");
    api.call(Method::PUT, &format!("{path}/policies")).json(&policy).send().await.is(StatusCode::OK);
    let consent = || api.post(&format!("{path}/actions/setKeyForDeletion"));
    consent().token(&service).send().await.refused(401, "UNAUTHORIZED_ERR");
    consent().send().await.is(StatusCode::NO_CONTENT);
    api.delete(&path).token(&service).send().await.refused(409, "AUTHORIZATIONS_NOT_MET");
    let second = api.someone(&[MANAGER], &[]).await.token;
    api.delete(&path).token(&second).send().await.is(StatusCode::NO_CONTENT);
}
