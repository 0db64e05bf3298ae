//! The keys that sign tokens: when the next one is made, when it signs, and when the last one is forgotten.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use base64ct::{Base64UrlUnpadded, Encoding};
use envelock_keyserver::server::{self, Clock, SystemEntropy};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    audit::events,
    support::{Api, READER, options},
};

const DAY: i64 = 24 * 3600;

/// Ids of the published keys, oldest first.
async fn published(api: &Api) -> Vec<String> {
    let answer = api.get("/identity/keys").without("authorization").send().await;
    let keys = answer.is(StatusCode::OK).json["keys"].as_array().expect("a list").clone();
    keys.iter().map(|key| key["kid"].as_str().expect("an id").to_owned()).collect()
}

/// Id of the key that signed a token.
fn signer(token: &str) -> String {
    let header = Base64UrlUnpadded::decode_vec(token.split('.').next().expect("three parts")).expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    header["kid"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn keys_follow_one_another_without_a_token_being_lost() {
    let mut api = Api::new().await;
    let first = signer(&api.token);
    api.run_due().await;
    assert_eq!(published(&api).await, [first.as_str()]);

    api.advance(90 * DAY - 600).await;
    api.run_due().await;
    let both = published(&api).await;
    assert_eq!((both.len(), &both[0]), (2, &first), "the next key is known before it signs");
    assert_eq!(signer(&api.token_for(&api.api_key).await), first);
    api.clock.advance(599);
    let last = api.token_for(&api.api_key).await;
    assert_eq!(signer(&last), first);
    api.clock.advance(1);
    let next = api.token_for(&api.api_key).await;
    assert_eq!(signer(&next), both[1]);

    // The last token of the first key is good to its end, and then the key goes.
    api.clock.advance(3598);
    for token in [&last, &next] {
        api.get("/api/v2/keys").token(token).send().await.is(StatusCode::OK);
    }
    api.run_due().await;
    assert_eq!(published(&api).await, both);
    api.clock.advance(62);
    assert_eq!(published(&api).await, both[1..], "by the clock, before anybody cleans up");
    api.get("/api/v2/keys").token(&last).send().await.refused(401, "UNAUTHORIZED_ERR");
    api.run_due().await;
    assert_eq!(api.tables().number("SELECT count(*) FROM signing_keys"), 1);
    let made: Vec<Value> =
        events(&api).into_iter().filter(|event| event["action"] == "envelock.signing-key.create").collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["target"]["id"], both[1]);
}

#[tokio::test]
async fn keys_outlive_the_server_that_made_them() {
    let mut api = Api::new().await;
    api.advance(90 * DAY).await;
    api.run_due().await;
    let both = published(&api).await;
    assert_eq!(both.len(), 2);
    let api = api.restart().await;
    assert_eq!(published(&api).await, both);
}

#[tokio::test]
async fn an_operator_can_have_the_next_key_at_once() {
    let api = Api::new().await;
    let clock: Arc<dyn Clock> = Arc::clone(&api.clock) as _;
    let place = api.place();
    let rotate = || server::rotate_signing_key(&place, None, &*clock, &SystemEntropy);
    assert!(rotate().await.expect("made"));
    assert_eq!(published(&api).await.len(), 1, "the running server has not looked yet");
    api.run_due().await;
    let both = published(&api).await;
    assert_eq!(both.len(), 2);
    assert_eq!(signer(&api.token_for(&api.api_key).await), both[0]);
    api.clock.advance(600);
    assert_eq!(signer(&api.token_for(&api.api_key).await), both[1]);
    let nowhere = tempfile::tempdir().expect("a directory");
    assert!(server::rotate_signing_key(&options(nowhere.path()).place, None, &*clock, &SystemEntropy).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn of_servers_that_find_a_key_due_at_the_same_moment_one_makes_it() {
    let mut api = Api::new().await;
    let (second, _second_directory) = api.replica().await;
    let (third, _third_directory) = api.replica().await;
    for round in 1..=3 {
        api.advance(90 * DAY).await;
        // Making a key takes long: all three have looked before the first one is stored.
        tokio::join!(api.run_due(), second.run_due(), third.run_due());
        let made = api.events_of("envelock.signing-key.create");
        assert_eq!(made.len(), round, "one key and one event");
        api.advance(3600 + 600 + 62).await;
        tokio::join!(api.run_due(), second.run_due(), third.run_due());
        assert_eq!(published(&api).await, [made[round - 1]["target"]["id"].as_str().expect("an id")]);
    }
    // Each takes the tokens of the others.
    let token = api.token_for(&api.api_key).await;
    for server in [&second, &third] {
        let call = Request::get("/api/v2/keys").header("authorization", format!("Bearer {token}"));
        let call = call.header("bluemix-instance", &api.instance).body(Body::empty()).expect("a request");
        assert_eq!(server.router.clone().oneshot(call).await.expect("infallible").status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_token_names_one_of_our_keys_and_is_verified_by_that_one() {
    let api = Api::new().await;
    let clock: Arc<dyn Clock> = Arc::clone(&api.clock) as _;
    assert!(server::rotate_signing_key(&api.place(), None, &*clock, &SystemEntropy).await.expect("made"));
    api.run_due().await;
    let both = published(&api).await;
    let someone = api.someone(&[READER], &[]).await;
    let parts: Vec<&str> = someone.token.split('.').collect();
    for kid in [json!(both[1]), json!("nobody"), Value::Null] {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": kid}).to_string();
        let forged = format!("{}.{}.{}", Base64UrlUnpadded::encode_string(header.as_bytes()), parts[1], parts[2]);
        api.get("/api/v2/keys").token(&forged).send().await.refused(401, "UNAUTHORIZED_ERR");
    }
}

#[tokio::test]
async fn the_discovery_document_leads_to_the_keys() {
    let api = Api::new().await;
    let path = "/identity/.well-known/openid-configuration";
    let answer = api.get(path).without("authorization").header("host", "keys.example.com:8443").send().await;
    answer.is(StatusCode::OK);
    assert_eq!(answer.json["issuer"], "https://iam.envelock.internal/identity");
    assert_eq!(answer.json["jwks_uri"], "http://keys.example.com:8443/identity/keys");
    assert_eq!(answer.json["token_endpoint"], "http://keys.example.com:8443/identity/token");
    assert_eq!(answer.json["id_token_signing_alg_values_supported"], json!(["RS256"]));
    let odd = api.get(path).header("host", "x/y?z").send().await;
    assert_eq!(odd.json["jwks_uri"], "http://localhost/identity/keys");
}
