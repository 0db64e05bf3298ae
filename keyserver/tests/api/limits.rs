//! What a request may weigh.

use axum::http::StatusCode;
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
