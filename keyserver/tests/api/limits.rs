//! What a request may weigh.

use axum::http::{Method, StatusCode};
use envelock_keyserver::server::{Network, Rates};
use serde_json::json;

use crate::support::Api;

#[tokio::test]
async fn a_body_of_more_than_a_mebibyte_is_refused() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let path = format!("/api/v2/keys/{id}/actions/wrap");
    let padded = |length: usize| format!("{{}}{}", " ".repeat(length - 2));
    api.post(&path).text(&padded(1 << 20)).send().await.is(StatusCode::OK);
    api.post(&path).text(&padded((1 << 20) + 1)).send().await.refused(413, "BODY_TOO_LARGE_ERR");
}

#[tokio::test]
async fn the_largest_legal_wrap_fits_even_when_every_character_is_escaped() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let item = "\\ud83d\\ude00".repeat(255);
    let list = vec![format!("\"{item}\""); 255].join(",");
    let body = format!("{{\"aad\":[{list}]}}");
    api.post(&format!("/api/v2/keys/{id}/actions/wrap")).text(&body).send().await.is(StatusCode::OK);
}

#[tokio::test]
async fn garbage_is_refused_without_being_repeated() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let marker = "c2VjcmV0IG1hcmtlcg";
    for body in
        [format!("{{\"plaintext\": {{\"{marker}\": 1}}}}"), format!("[\"{marker}\""), json!([marker]).to_string()]
    {
        let answer = api.post(&format!("/api/v2/keys/{id}/actions/wrap")).text(&body).send().await;
        answer.refused(400, "BAD_BODY_ERR");
        assert!(!answer.text.contains(marker));
    }
}

#[tokio::test]
async fn a_list_is_not_taken_for_the_fields_of_an_object() {
    let api = Api::new().await;
    let key = api.root_key().await;
    for body in [json!([null, null]), json!(["c2VjcmV0"]), json!([])] {
        api.act(&key, "wrap", body).await.refused(400, "BAD_BODY_ERR");
    }
}

#[tokio::test]
async fn a_sign_in_that_is_refused_for_its_number_is_recorded_as_what_it_was() {
    let api = Api::new_with(|options| options.rates = Rates { sign_in: 1, ..Rates::default() }).await;
    for (number, method, path, action) in [
        (1, Method::POST, "/identity/token", "iam-identity.serviceid-apikey.login"),
        (2, Method::POST, "/console/session", "envelock.console-session.create"),
        (3, Method::GET, "/console/session", "envelock.console-session.read"),
        (4, Method::DELETE, "/console/session", "envelock.console-session.delete"),
        (5, Method::POST, "/console/token", "envelock.console-token.create"),
    ] {
        let ask = || api.call(method.clone(), path).over(Network::Public, &format!("192.0.2.{number}")).send();
        while ask().await.status != StatusCode::TOO_MANY_REQUESTS {}
        let event = api.events().pop().expect("an event");
        assert_eq!((&event["action"], &event["reason"]["reasonCode"]), (&json!(action), &json!(429)), "{event}");
    }
}

#[tokio::test]
async fn a_token_for_an_instance_that_is_asked_for_without_proof_is_recorded_as_such() {
    let api = Api::new().await;
    let form = "grant_type=urn:ibm:params:oauth:grant-type:iam-authz\
                &desired_iam_id=crn-crn:v1:bluemix:public:objects:us-south:a/x:77d0a1c2-0b1f-4a58-8d7f-2f9e5a1b3c4d::";
    let answer = api.post("/identity/token").text(form).send().await;
    assert_eq!(answer.status.as_u16() / 100, 4, "{}", answer.text);
    assert_eq!(api.events().pop().expect("an event")["action"], "iam-identity.service-authorization.login");
}
