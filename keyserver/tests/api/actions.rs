//! `/api/v2/keys/{id}/actions/…`: wrap, unwrap, rewrap, rotate.

use axum::http::StatusCode;
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::support::Api;

#[tokio::test]
async fn wrap_draws_a_data_key_when_none_is_given_and_hides_it_when_one_is() {
    let api = Api::new().await;
    let id = api.root_key().await;
    for body in ["", "{}", "null", "{\"plaintext\":null}"] {
        let answer = api.post(&format!("/api/v2/keys/{id}/actions/wrap")).text(body).send().await;
        answer.is(StatusCode::OK);
        let dek = Base64::decode_vec(answer.json["plaintext"].as_str().expect("a data key")).expect("base64");
        assert_eq!(dek.len(), 32);
    }
    let given = Base64::encode_string(&[9; 36]);
    let (one, two) =
        (api.wrap(&id, json!({"plaintext": given})).await, api.wrap(&id, json!({"plaintext": given})).await);
    assert!(one.get("plaintext").is_none());
    assert_ne!(one["ciphertext"], two["ciphertext"]);
    for wrapped in [one, two] {
        let opened = api.act(&id, "unwrap", json!({"ciphertext": wrapped["ciphertext"]})).await;
        assert_eq!(opened.json["plaintext"], given);
        assert_eq!(opened.json["keyVersion"], wrapped["keyVersion"]);
        assert!(opened.json.get("ciphertext").is_none());
        assert!(opened.json.get("rewrappedKeyVersion").is_none());
    }
}

#[tokio::test]
async fn aad_must_be_repeated_exactly() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let ciphertext = api.wrap(&id, json!({"aad": ["a", "b"]})).await["ciphertext"].clone();
    let unwrap = |aad: Value| api.act(&id, "unwrap", json!({"ciphertext": ciphertext, "aad": aad}));
    unwrap(json!(["a", "b"])).await.is(StatusCode::OK);
    for aad in [
        json!(null),
        json!([]),
        json!(["a"]),
        json!(["b", "a"]),
        json!(["ab"]),
        json!(["a", "b", ""]),
        json!(["A", "b"]),
    ] {
        unwrap(aad).await.refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR");
    }
    let without = api.wrap(&id, json!({})).await["ciphertext"].clone();
    api.act(&id, "unwrap", json!({"ciphertext": without, "aad": []})).await.is(StatusCode::OK);
}

#[tokio::test]
async fn limits_of_plaintext_and_aad() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let longest = Base64::encode_string(&[1; 3072]);
    assert_eq!(longest.len(), 4096);
    let wrapped = api.wrap(&id, json!({"plaintext": longest, "aad": vec!["x".repeat(255); 126]})).await;
    let body = json!({"ciphertext": wrapped["ciphertext"], "aad": vec!["x".repeat(255); 126]});
    assert_eq!(api.act(&id, "unwrap", body).await.json["plaintext"], longest);
    api.wrap(&id, json!({"aad": vec!["é".repeat(255); 255]})).await;

    let rows = [
        ("plaintext", json!({"plaintext": Base64::encode_string(&[1; 3073])})),
        ("plaintext", json!({"plaintext": "not base64"})),
        ("plaintext", json!({"plaintext": "YQ"})),
        ("plaintext", json!({"plaintext": ""})),
        ("aad", json!({"aad": ["x".repeat(256)]})),
        ("aad", json!({"aad": vec!["x"; 256]})),
    ];
    for (field, body) in rows {
        api.act(&id, "wrap", body).await.refused_for(400, "INVALID_FIELD_ERR", "field", field);
    }
    api.act(&id, "wrap", json!({"aad": "not a list"})).await.refused(400, "BAD_BODY_ERR");
}

#[tokio::test]
async fn unwrap_and_rewrap_tell_bad_requests_from_foreign_ciphertexts() {
    let api = Api::new().await;
    let (id, other) = (api.root_key().await, api.root_key().await);
    let foreign = api.wrap(&other, json!({})).await["ciphertext"].clone();
    let own = api.wrap(&id, json!({})).await["ciphertext"].as_str().expect("text").to_owned();
    let blob: Value = serde_json::from_slice(&Base64::decode_vec(&own).expect("base64")).expect("JSON");
    let altered = |field: &str, value: Value| {
        let mut blob = blob.clone();
        blob[field] = value;
        json!(Base64::encode_string(blob.to_string().as_bytes()))
    };
    for action in ["unwrap", "rewrap"] {
        for nothing in [json!(null), json!({})] {
            api.act(&id, action, nothing).await.refused(400, "NO_BODY_ERR");
        }
        for malformed in [json!({"aad": []}), json!({"ciphertext": ""}), json!({"ciphertext": "not base64"})] {
            let answer = api.act(&id, action, malformed).await;
            answer.refused_for(400, "INVALID_FIELD_ERR", "field", "ciphertext");
        }
        let strangers = [
            foreign.clone(),
            json!(Base64::encode_string(b"not JSON")),
            json!(Base64::encode_string(b"{}")),
            altered("ciphertext", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            altered("ciphertext", json!("")),
            altered("iv", json!("AAAAAAAAAAAAAAAA")),
            altered("iv", json!("AAAA")),
            altered("salt", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
            altered("version", json!("9.9.9")),
        ];
        for ciphertext in strangers {
            let answer = api.act(&id, action, json!({"ciphertext": ciphertext})).await;
            answer.refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR");
        }
    }
    // Ids are hints: one that points nowhere changes nothing.
    let misdirected = altered("handle", json!("00000000-0000-4000-8000-000000000000"));
    api.act(&id, "unwrap", json!({"ciphertext": misdirected})).await.is(StatusCode::OK);
}

#[tokio::test]
async fn every_flipped_bit_of_a_wrapped_data_key_is_noticed() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let own = api.wrap(&id, json!({})).await["ciphertext"].as_str().expect("text").to_owned();
    let blob: Value = serde_json::from_slice(&Base64::decode_vec(&own).expect("base64")).expect("JSON");
    for field in ["ciphertext", "iv", "salt"] {
        let bytes = Base64::decode_vec(blob[field].as_str().expect("text")).expect("base64");
        for index in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[index] ^= 1 << (index % 8);
            let mut blob = blob.clone();
            blob[field] = json!(Base64::encode_string(&flipped));
            let ciphertext = Base64::encode_string(blob.to_string().as_bytes());
            let answer = api.act(&id, "unwrap", json!({"ciphertext": ciphertext})).await;
            answer.refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR");
        }
    }
}

#[tokio::test]
async fn after_a_rotation_unwrap_hands_out_a_fresh_copy_and_the_old_one_still_opens() {
    let mut api = Api::new().await;
    let id = api.root_key().await;
    let old = api.wrap(&id, json!({"aad": ["t"]})).await;
    let body = |ciphertext: &Value| json!({"ciphertext": ciphertext, "aad": ["t"]});
    api.act(&id, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);

    let opened = api.act(&id, "unwrap", body(&old["ciphertext"])).await;
    assert_eq!(opened.json["plaintext"], old["plaintext"]);
    assert_eq!(opened.json["keyVersion"], old["keyVersion"]);
    assert_ne!(opened.json["rewrappedKeyVersion"], old["keyVersion"]);
    let fresh = api.act(&id, "unwrap", body(&opened.json["ciphertext"])).await;
    assert_eq!(fresh.json["plaintext"], old["plaintext"]);
    assert_eq!(fresh.json["keyVersion"], opened.json["rewrappedKeyVersion"]);
    assert!(fresh.json.get("ciphertext").is_none());

    let rewrapped = api.act(&id, "rewrap", body(&old["ciphertext"])).await;
    assert!(rewrapped.json.get("plaintext").is_none());
    assert_eq!(rewrapped.json["keyVersion"], old["keyVersion"]);
    assert_eq!(rewrapped.json["rewrappedKeyVersion"], opened.json["rewrappedKeyVersion"]);
    let opened = api.act(&id, "unwrap", body(&rewrapped.json["ciphertext"])).await;
    assert_eq!(opened.json["plaintext"], old["plaintext"]);

    api.advance(3600).await;
    api.act(&id, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    assert_eq!(api.act(&id, "unwrap", body(&old["ciphertext"])).await.json["plaintext"], old["plaintext"]);
}

#[tokio::test]
async fn rewrap_without_a_rotation_gives_a_fresh_copy_under_the_same_version() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let wrapped = api.wrap(&id, json!({})).await;
    let again = api.act(&id, "rewrap", json!({"ciphertext": wrapped["ciphertext"]})).await;
    again.is(StatusCode::OK);
    assert_ne!(again.json["ciphertext"], wrapped["ciphertext"]);
    assert_eq!(again.json["keyVersion"], again.json["rewrappedKeyVersion"]);
}

#[tokio::test]
async fn rotation_changes_the_version_and_its_dates_and_comes_once_an_hour() {
    let mut api = Api::new().await;
    let id = api.root_key().await;
    let metadata = format!("/api/v2/keys/{id}/metadata");
    let before = api.get(&metadata).send().await.resource().clone();
    let answer = api.act(&id, "rotate", Value::Null).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NO_CONTENT, ""));
    let after = api.get(&metadata).send().await.resource().clone();
    assert_ne!(after["keyVersion"]["id"], before["keyVersion"]["id"]);
    assert_eq!(after["crn"], before["crn"]);
    assert_eq!(after["lastRotateDate"], "2026-01-10T09:00:00Z");
    assert_eq!(after["lastUpdateDate"], "2026-01-10T09:00:00Z");

    api.clock.advance(3599);
    api.act(&id, "rotate", Value::Null).await.refused(409, "KEY_ROTATION_NOT_PERMITTED");
    api.advance(1).await;
    api.act(&id, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn rotation_takes_material_for_imported_keys_and_for_them_only() {
    let api = Api::new().await;
    let payload = |bytes: usize| json!({"payload": Base64::encode_string(&vec![5; bytes])});
    let generated = api.root_key().await;
    let answer = api.act(&generated, "rotate", payload(32)).await;
    answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "payload");

    let mut fields = payload(16);
    fields["name"] = json!("imported");
    fields["extractable"] = json!(false);
    let imported = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    for nothing in [json!({}), json!(null)] {
        let answer = api.act(&imported, "rotate", nothing).await;
        answer.refused_for(400, "KEY_PAYLOAD_REQ_ERR", "field", "payload");
    }
    for wrong in [payload(15), json!({"payload": "!"})] {
        let answer = api.act(&imported, "rotate", wrong).await;
        answer.refused_for(400, "INVALID_FIELD_ERR", "field", "payload");
    }
    let old = api.wrap(&imported, json!({})).await;
    api.act(&imported, "rotate", payload(32)).await.is(StatusCode::NO_CONTENT);
    let shown = api.get(&format!("/api/v2/keys/{imported}/metadata")).send().await;
    assert_eq!(shown.resource()["algorithmBitSize"], 256);
    let opened = api.act(&imported, "unwrap", json!({"ciphertext": old["ciphertext"]})).await;
    assert_eq!(opened.json["plaintext"], old["plaintext"]);
}

#[tokio::test]
async fn simultaneous_rotations_make_one_version() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let rotate = || api.act(&id, "rotate", Value::Null);
    let (a, b, c, d) = tokio::join!(rotate(), rotate(), rotate(), rotate());
    let done = [&a, &b, &c, &d].iter().filter(|answer| answer.status == StatusCode::NO_CONTENT).count();
    assert_eq!(done, 1);
    for refused in [a, b, c, d].iter().filter(|answer| answer.status != StatusCode::NO_CONTENT) {
        refused.refused(409, "KEY_ROTATION_NOT_PERMITTED");
    }
    let versions = api.get(&format!("/api/v2/keys/{id}/versions")).send().await;
    assert_eq!(versions.json["metadata"]["collectionTotal"], 2);
}
