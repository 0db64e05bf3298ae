//! `/v1/serviceids`, `/v1/apikeys`, `/v2/accounts/{account}/users`.

use axum::http::{Method, StatusCode};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

use crate::{
    support::{Answer, Api, MANAGER, READER},
    support_iam::{ADMINISTRATOR, refused},
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
    refused(&make("/v1/apikeys", json!({"name": "x", "iam_id": "crn-1"})).await, 400, "INVALID_FIELD_ERR");
    let nobody = "iam-ServiceId-00000000-0000-4000-8000-000000000000";
    for nobody in [nobody, "IBMid-1"] {
        refused(&make("/v1/apikeys", json!({"name": "x", "iam_id": nobody})).await, 404, "not_found");
    }
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

/// A token, or the code of the refusal.
async fn login(api: &Api, api_key: &str) -> Result<String, String> {
    let form = format!("grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey={api_key}");
    let answer = api.post("/identity/token").text(&form).send().await;
    match answer.json["access_token"].as_str() {
        Some(token) => Ok(token.to_owned()),
        None => Err(answer.json["errorCode"].as_str().expect("a code").to_owned()),
    }
}

async fn service_id(api: &Api, name: &str) -> Value {
    let body = json!({"account_id": api.account, "name": name, "description": "made by a test"});
    api.post("/v1/serviceids/").json(&body).send().await.is(StatusCode::CREATED).json.clone()
}

async fn api_key(api: &Api, owner: &Value) -> Value {
    let body = json!({"name": "key", "iam_id": owner, "account_id": api.account, "store_value": false});
    api.post("/v1/apikeys").json(&body).send().await.is(StatusCode::CREATED).json.clone()
}

/// A user and their first API key.
async fn user(api: &Api, email: &str) -> (String, String) {
    let users = format!("/v2/accounts/{}/users", api.account);
    let body = json!({"users": [{"email": email, "account_role": "Member"}]});
    let invited = api.post(&users).json(&body).send().await;
    assert_eq!(invited.is(StatusCode::ACCEPTED).json["resources"][0]["state"], "ACTIVE");
    let iam_id = invited.json["resources"][0]["id"].clone();
    let key = api_key(api, &iam_id).await;
    (iam_id.as_str().expect("an id").to_owned(), key["apikey"].as_str().expect("a value").to_owned())
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}"))
}

#[tokio::test]
async fn a_service_id_is_read_changed_locked_and_removed() {
    let api = Api::new().await;
    let made = service_id(&api, "worker").await;
    let path = format!("/v1/serviceids/{}", text(&made, "id"));
    let read = api.get(&path).send().await;
    assert_eq!(read.is(StatusCode::OK).json, made);
    assert_eq!(read.header("etag"), made["entity_tag"]);

    let put = |tag: &str, body: Value| api.call(Method::PUT, &path).header("if-match", tag).json(&body).send();
    refused(&api.call(Method::PUT, &path).json(&json!({"name": "x"})).send().await, 400, "ETAG_REQUIRED_ERR");
    refused(&put("1-nonsense", json!({"name": "x"})).await, 409, "ETAG_MISMATCH_ERR");
    api.clock.advance(60);
    let changed = put(text(&made, "entity_tag"), json!({"name": "renamed"})).await;
    changed.is(StatusCode::OK);
    assert_eq!((text(&changed.json, "name"), text(&changed.json, "description")), ("renamed", "made by a test"));
    assert_eq!(changed.json["modified_at"], "2026-01-10T09:01:00Z");
    refused(&put(text(&made, "entity_tag"), json!({"name": "again"})).await, 409, "ETAG_MISMATCH_ERR");

    let locked = api.post(&format!("{path}/lock")).send().await;
    assert_eq!(locked.is(StatusCode::OK).json["locked"], true);
    refused(&put("*", json!({"name": "again"})).await, 409, "LOCKED_ERR");
    refused(&api.delete(&path).send().await, 409, "LOCKED_ERR");
    api.delete(&format!("{path}/lock")).send().await.is(StatusCode::OK);
    put("*", json!({"name": "again"})).await.is(StatusCode::OK);
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    for answer in [api.get(&path).send().await, api.delete(&path).send().await] {
        refused(&answer, 404, "not_found");
    }
    refused(&api.get("/v1/serviceids/nonsense").send().await, 404, "not_found");
}

#[tokio::test]
async fn a_removed_service_id_loses_keys_and_access_at_once() {
    let api = Api::new().await;
    let someone = api.someone(&[READER], &[]).await;
    let list = || api.get("/api/v2/keys").token(&someone.token).send();
    list().await.is(StatusCode::OK);
    let id = someone.iam_id.strip_prefix("iam-").expect("an IAM id");
    api.delete(&format!("/v1/serviceids/{id}")).send().await.is(StatusCode::NO_CONTENT);
    list().await.refused(401, "UNAUTHORIZED_ERR");
    assert_eq!(login(&api, &someone.api_key).await, Err("BXNIM0415E".to_owned()));
    let listed = api.get("/v1/serviceids").send().await;
    let administrator = text(&listed.json["serviceids"][0], "id").to_owned();
    let gone = api.delete(&format!("/v1/serviceids/{administrator}")).send().await;
    refused(&gone, 409, "ADMINISTRATOR_STAYS_ERR");
}

#[tokio::test]
async fn an_api_key_is_read_changed_disabled_locked_and_removed() {
    let api = Api::new().await;
    let owner = service_id(&api, "worker").await;
    let made = api_key(&api, &owner["iam_id"]).await;
    let value = text(&made, "apikey").to_owned();
    let path = format!("/v1/apikeys/{}", text(&made, "id"));
    login(&api, &value).await.expect("a token");
    let read = api.get(&path).send().await;
    assert!(!read.is(StatusCode::OK).text.contains(&value), "a value is told once");
    assert_eq!(read.json["iam_id"], owner["iam_id"]);
    let details = api.get("/v1/apikeys/details").header("iam-apikey", &value).send().await;
    assert_eq!(details.is(StatusCode::OK).json, read.json);
    refused(&api.get("/v1/apikeys/details").header("iam-apikey", "nonsense").send().await, 404, "not_found");
    refused(&api.get("/v1/apikeys/details").send().await, 400, "INVALID_FIELD_ERR");

    let put = |body: Value| api.call(Method::PUT, &path).header("if-match", "*").json(&body).send();
    let changed = put(json!({"name": "renamed", "expires_at": "2026-01-10T10:00:00Z"})).await;
    assert_eq!(text(&changed.is(StatusCode::OK).json, "name"), "renamed");
    refused(&put(json!({"expires_at": "2026-01-10T09:00:00Z"})).await, 400, "INVALID_FIELD_ERR");

    api.post(&format!("{path}/disable")).send().await.is(StatusCode::NO_CONTENT);
    assert_eq!(login(&api, &value).await, Err("API_KEY_INACTIVE_ERR".to_owned()));
    api.delete(&format!("{path}/disable")).send().await.is(StatusCode::NO_CONTENT);
    login(&api, &value).await.expect("a token");
    api.post(&format!("{path}/lock")).send().await.is(StatusCode::NO_CONTENT);
    refused(&api.delete(&path).send().await, 409, "LOCKED_ERR");
    refused(&api.post(&format!("{path}/disable")).send().await, 409, "LOCKED_ERR");
    api.delete(&format!("{path}/lock")).send().await.is(StatusCode::NO_CONTENT);
    api.clock.advance(3599);
    login(&api, &value).await.expect("a token");
    api.clock.advance(1);
    assert_eq!(login(&api, &value).await, Err("API_KEY_INACTIVE_ERR".to_owned()));
    let token = api.token_for(&api.api_key).await;
    api.delete(&path).token(&token).send().await.is(StatusCode::NO_CONTENT);
    refused(&api.get(&path).token(&token).send().await, 404, "not_found");
    assert_eq!(login(&api, &value).await, Err("BXNIM0415E".to_owned()));
}

#[tokio::test]
async fn values_of_api_keys_are_drawn_here_and_never_kept() {
    let api = Api::new().await;
    let owner = service_id(&api, "worker").await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"name": "key", "iam_id": owner["iam_id"], "account_id": api.account});
        body[field] = value;
        api.post("/v1/apikeys").json(&body).send()
    };
    refused(&with("store_value", json!(true)).await, 400, "VALUE_NOT_KEPT_ERR");
    refused(&with("apikey", json!("my own")).await, 400, "INVALID_FIELD_ERR");
    refused(&with("account_id", json!("another")).await, 401, "UNAUTHORIZED_ERR");
    refused(&with("name", json!("")).await, 400, "INVALID_FIELD_ERR");
    refused(&with("name", json!("x".repeat(256))).await, 400, "INVALID_FIELD_ERR");
    refused(&with("description", json!("x".repeat(501))).await, 400, "INVALID_FIELD_ERR");
    refused(&with("expires_at", json!("tomorrow")).await, 400, "INVALID_FIELD_ERR");
    let body = json!({"name": "key", "iam_id": owner["iam_id"]});
    let born = api.post("/v1/apikeys").header("entity-lock", "true").header("entity-disable", "true").json(&body);
    let born = born.send().await;
    assert_eq!((&born.json["locked"], &born.json["disabled"]), (&json!(true), &json!(true)));
    assert_eq!(login(&api, text(&born.json, "apikey")).await, Err("API_KEY_INACTIVE_ERR".to_owned()));
}

#[tokio::test]
async fn lists_of_identities_are_ordered_and_paged() {
    let api = Api::new().await;
    api.clock.advance(1);
    for name in ["b", "a", "c"] {
        let made = service_id(&api, name).await;
        api_key(&api, &made["iam_id"]).await;
        api.clock.advance(1);
    }
    let names = |query: &str| {
        let call = api.get(&format!("/v1/serviceids?account_id={}{query}", api.account));
        async move {
            let listed = call.send().await;
            let entries = listed.is(StatusCode::OK).json["serviceids"].as_array().expect("a list").clone();
            entries.iter().map(|entry| text(entry, "name").to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(names("").await, ["administrator", "b", "a", "c"]);
    assert_eq!(names("&sort=name&order=desc").await, ["c", "b", "administrator", "a"]);
    assert_eq!(names("&name=c").await, ["c"]);
    assert_eq!(names("&pagesize=3&pagetoken=3").await, ["c"]);
    let first = api.get("/v1/serviceids?pagesize=3").send().await;
    assert_eq!(first.json["next"], "/v1/serviceids/?pagesize=3&pagetoken=3");
    let next = api.get(text(&first.json, "next")).send().await;
    assert_eq!(next.is(StatusCode::OK).json["serviceids"].as_array().expect("a list").len(), 1);
    assert!(next.json.get("next").is_none());

    let count = |query: &str| {
        let call = api.get(&format!("/v1/apikeys?{query}"));
        async move { call.send().await.is(StatusCode::OK).json["apikeys"].as_array().expect("a list").len() }
    };
    assert_eq!(count("").await, 1, "the caller's own");
    assert_eq!(count("scope=account").await, 4);
    assert_eq!(count("scope=account&type=user").await, 0);
    for bad in ["pagesize=0", "pagesize=101", "pagetoken=x", "sort=x", "order=x", "filter=x", "scope=x", "type=x"] {
        refused(&api.get(&format!("/v1/apikeys?{bad}")).send().await, 400, "INVALID_QUERY_PARAM_ERR");
    }
    refused(&api.get("/v1/serviceids?account_id=another").send().await, 401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn a_user_has_the_claims_of_a_user() {
    let api = Api::new().await;
    let (iam_id, value) = user(&api, "ada@example.com").await;
    let path = format!("/v2/accounts/{}/users/{iam_id}", api.account);
    let patch = api.call(Method::PATCH, &path).json(&json!({"firstname": "Ada", "lastname": "Example"}));
    patch.send().await.is(StatusCode::NO_CONTENT);
    let token = login(&api, &value).await.expect("a token");
    let claims = Base64UrlUnpadded::decode_vec(token.split('.').nth(1).expect("three parts")).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    let identifier = iam_id.strip_prefix("IBMid-").expect("an IBMid");
    assert_eq!(identifier.len(), 10);
    for (claim, value) in [
        ("iam_id", iam_id.as_str()),
        ("id", &iam_id),
        ("realmid", "IBMid"),
        ("identifier", identifier),
        ("sub", "ada@example.com"),
        ("email", "ada@example.com"),
        ("name", "Ada Example"),
        ("given_name", "Ada"),
        ("family_name", "Example"),
        ("grant_type", "urn:ibm:params:oauth:grant-type:apikey"),
    ] {
        assert_eq!(text(&claims, claim), value, "{claim}");
    }
    assert!(claims.get("sub_type").is_none());
    assert_eq!(claims["authn"], json!({"sub": "ada@example.com", "iam_id": iam_id, "name": "Ada Example"}));
    let read = api.get(&path).send().await;
    assert_eq!(text(&read.is(StatusCode::OK).json, "user_id"), "ada@example.com");
}

#[tokio::test]
async fn users_get_in_by_policies_and_out_when_they_are_disabled_or_removed() {
    let api = Api::new().await;
    let (iam_id, value) = user(&api, "ada@example.com").await;
    let users = format!("/v2/accounts/{}/users", api.account);
    let path = format!("{users}/{iam_id}");
    let token = login(&api, &value).await.expect("a token");
    let list = || api.get("/api/v2/keys").token(&token).send();
    list().await.refused(401, "UNAUTHORIZED_ERR");
    api.grant(&iam_id, &[READER], &[]).await;
    list().await.is(StatusCode::OK);
    let patch = |body: Value| api.call(Method::PATCH, &path).json(&body).send();
    patch(json!({"state": "DISABLED_CLASSIC_INFRASTRUCTURE"})).await.is(StatusCode::NO_CONTENT);
    assert_eq!(login(&api, &value).await, Err("BXNIM0410E".to_owned()));
    list().await.refused(401, "UNAUTHORIZED_ERR");
    let own_key = api.post("/v1/apikeys").token(&token).json(&json!({"name": "x", "iam_id": iam_id}));
    refused(&own_key.send().await, 401, "UNAUTHORIZED_ERR");
    patch(json!({"state": "ACTIVE"})).await.is(StatusCode::NO_CONTENT);
    login(&api, &value).await.expect("a token");
    list().await.is(StatusCode::OK);
    refused(&patch(json!({"state": "x"})).await, 400, "INVALID_FIELD_ERR");
    refused(&patch(json!({"email": "x"})).await, 400, "INVALID_FIELD_ERR");
    refused(&patch(json!({"lastname": "x".repeat(101)})).await, 400, "INVALID_FIELD_ERR");
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    list().await.refused(401, "UNAUTHORIZED_ERR");
    assert_eq!(login(&api, &value).await, Err("BXNIM0415E".to_owned()));
    refused(&api.get(&path).send().await, 404, "not_found");
}

#[tokio::test]
async fn an_address_is_in_an_account_once() {
    let api = Api::new().await;
    user(&api, "ada@example.com").await;
    let users = format!("/v2/accounts/{}/users", api.account);
    let invite = |body: Value| api.post(&users).json(&body).send();
    let again = json!({"users": [{"email": "Ada@Example.com"}]});
    refused(&invite(again).await, 409, "USER_EXISTS_ERR");
    for body in [
        json!({"users": []}),
        json!({"users": [{"email": "nobody"}]}),
        json!({"users": [{}]}),
        json!({"users": [{"email": "x@example.com"}], "iam_policy": [{}]}),
    ] {
        refused(&invite(body).await, 400, "INVALID_FIELD_ERR");
    }
    let found = api.get(&format!("{users}?user_id=ada@example.com")).send().await;
    assert_eq!(found.is(StatusCode::OK).json["total_results"], 1);
    refused(&api.get("/v2/accounts/another/users").send().await, 401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn two_changes_of_a_user_at_the_same_moment_are_both_kept() {
    let api = Api::new().await;
    let (iam_id, _) = user(&api, "ada@example.com").await;
    let path = format!("/v2/accounts/{}/users/{iam_id}", api.account);
    let patch = |body: Value| api.call(Method::PATCH, &path).json(&body).send();
    for round in 0..10 {
        let name = format!("Ada {round}");
        patch(json!({"state": "ACTIVE"})).await.is(StatusCode::NO_CONTENT);
        let disabled = patch(json!({"state": "DISABLED_CLASSIC_INFRASTRUCTURE"}));
        let (renamed, disabled) = tokio::join!(patch(json!({"firstname": name})), disabled);
        renamed.is(StatusCode::NO_CONTENT);
        disabled.is(StatusCode::NO_CONTENT);
        let user = api.get(&path).send().await.json;
        assert_eq!((text(&user, "firstname"), text(&user, "state")), (&*name, "DISABLED_CLASSIC_INFRASTRUCTURE"));
    }
}

#[tokio::test]
async fn users_manage_their_own_api_keys_and_nobody_elses() {
    let api = Api::new().await;
    let (iam_id, value) = user(&api, "ada@example.com").await;
    let (other, _) = user(&api, "bob@example.com").await;
    let token = login(&api, &value).await.expect("a token");
    let make = |owner: &str| api.post("/v1/apikeys").token(&token).json(&json!({"name": "x", "iam_id": owner})).send();
    let made: Answer = make(&iam_id).await;
    let path = format!("/v1/apikeys/{}", text(&made.is(StatusCode::CREATED).json, "id"));
    refused(&make(&other).await, 401, "UNAUTHORIZED_ERR");
    let list = |query: &str| api.get(&format!("/v1/apikeys{query}")).token(&token).send();
    assert_eq!(list("").await.json["apikeys"].as_array().expect("a list").len(), 2);
    assert_eq!(list("?scope=account").await.json["apikeys"].as_array().expect("a list").len(), 2);
    refused(&list(&format!("?iam_id={other}")).await, 401, "UNAUTHORIZED_ERR");
    let theirs = api.get(&format!("/v1/apikeys?iam_id={other}")).send().await;
    let theirs = format!("/v1/apikeys/{}", text(&theirs.json["apikeys"][0], "id"));
    for path in [theirs.as_str(), "/v1/apikeys/ApiKey-00000000-0000-4000-8000-000000000000", "/v1/apikeys/nonsense"] {
        refused(&api.get(path).token(&token).send().await, 401, "UNAUTHORIZED_ERR");
        refused(&api.delete(path).token(&token).send().await, 401, "UNAUTHORIZED_ERR");
    }
    api.delete(&path).token(&token).send().await.is(StatusCode::NO_CONTENT);
    refused(&api.get("/v1/serviceids").token(&token).send().await, 401, "UNAUTHORIZED_ERR");
    let administrator = api.someone(&[ADMINISTRATOR], &[]).await;
    refused(&api.get("/v1/serviceids").token(&administrator.token).send().await, 401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn identity_events_say_who_did_what_to_whom() {
    let api = Api::new().await;
    let (iam_id, value) = user(&api, "ada@example.com").await;
    login(&api, &value).await.expect("a token");
    let rows = crate::audit::events(&api);
    let actions: Vec<&str> = rows.iter().rev().take(3).map(|event| text(event, "action")).collect();
    assert_eq!(
        actions,
        ["iam-identity.user-apikey.login", "iam-identity.user-apikey.create", "user-management.user.create"]
    );
    let login = rows.last().expect("an event");
    assert_eq!(login["initiator"]["id"], iam_id);
    assert_eq!(login["initiator"]["typeURI"], "service/security/account/user");
    assert_eq!(login["initiator"]["credential"]["type"], "apikey");
    assert!(rows.iter().all(|event| !event["target"].to_string().contains("ada@")), "no address in a target");
}
