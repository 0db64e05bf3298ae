//! `/api/v2/import_token`, and keys imported with it.

use std::time::Duration;

use axum::http::StatusCode;
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::{
    audit::last,
    support::{Answer, Api, READER, WRITER, envelope, import::Token},
};

const PATH: &str = "/api/v2/import_token";

async fn make(api: &Api, body: Value) -> Answer {
    api.post(PATH).json(&body).send().await
}

async fn retrieve(api: &Api) -> Answer {
    api.get(PATH).send().await
}

/// A create body for a key with these import fields.
fn key(mut fields: Value, extractable: bool) -> Value {
    fields["name"] = json!("imported");
    fields["extractable"] = json!(extractable);
    envelope(fields)
}

async fn import(api: &Api, fields: Value) -> Answer {
    api.post("/api/v2/keys").json(&key(fields, false)).send().await
}

#[tokio::test]
async fn a_token_is_made_with_its_terms_and_retrieved_so_often_and_so_long() {
    let api = Api::new().await;
    retrieve(&api).await.refused(404, "IMPORT_TOKEN_NOT_FOUND_ERR");
    let made = make(&api, Value::Null).await;
    assert_eq!(
        made.is(StatusCode::OK).json,
        json!({
            "creationDate": "2026-01-10T09:00:00Z", "expirationDate": "2026-01-10T09:10:00Z",
            "maxAllowedRetrievals": 1, "remainingRetrievals": 1,
        })
    );
    let retrieved = retrieve(&api).await;
    assert_eq!(retrieved.is(StatusCode::OK).json["remainingRetrievals"], 0);
    let token = Token::of(&retrieved.json);
    assert!(token.pem.starts_with("-----BEGIN PUBLIC KEY-----\nMII"), "{}", token.pem);
    assert!(token.pem.ends_with("\n-----END PUBLIC KEY-----\n"), "{}", token.pem);
    assert!(token.pem.lines().all(|line| line.len() <= 64));
    assert_eq!(token.nonce.len(), 12);
    retrieve(&api).await.refused(409, "IMPORT_TOKEN_EXPIRED_ERR");

    let made = make(&api, json!({"expiration": 300, "maxAllowedRetrievals": 500})).await;
    assert_eq!(made.json["expirationDate"], "2026-01-10T09:05:00Z");
    api.clock.advance(299);
    let again = retrieve(&api).await;
    assert_eq!(again.is(StatusCode::OK).json["remainingRetrievals"], 499);
    let second = Token::of(&again.json);
    assert!(second.pem != token.pem && second.nonce != token.nonce, "a new token has a new key and a new nonce");
    api.clock.advance(1);
    retrieve(&api).await.refused(409, "IMPORT_TOKEN_EXPIRED_ERR");
    import(&api, second.wrap(&[7; 32])).await.refused(409, "IMPORT_TOKEN_EXPIRED_ERR");
}

#[tokio::test]
async fn the_secrets_of_an_expired_token_are_forgotten() {
    let api = Api::new().await;
    let token = api.import_token().await;
    let kept = || {
        let sql = "SELECT length(private_key) + length(nonce) FROM import_tokens";
        api.tables().number(sql)
    };
    api.clock.advance(599);
    api.run_due().await;
    assert!(kept() > 2000, "the token is still valid");
    import(&api, token.wrap(&[7; 32])).await.is(StatusCode::CREATED);
    api.clock.advance(1);
    api.run_due().await;
    assert_eq!(kept(), 0);
    retrieve(&api).await.refused(409, "IMPORT_TOKEN_EXPIRED_ERR");
    import(&api, token.wrap(&[7; 32])).await.refused(409, "IMPORT_TOKEN_EXPIRED_ERR");
    make(&api, Value::Null).await.is(StatusCode::OK);
    retrieve(&api).await.is(StatusCode::OK);
}

#[tokio::test]
async fn terms_have_ranges() {
    let api = Api::new().await;
    for (field, values) in [("expiration", [0, 299, 86_401, -1]), ("maxAllowedRetrievals", [0, 501, -1, 1_i64 << 40])] {
        for value in values {
            make(&api, json!({field: value})).await.refused_for(400, "INVALID_FIELD_ERR", "field", field);
        }
        make(&api, json!({field: "300"})).await.refused(400, "BAD_BODY_ERR");
    }
    retrieve(&api).await.refused(404, "IMPORT_TOKEN_NOT_FOUND_ERR");
}

#[tokio::test]
async fn retrievals_at_the_same_time_are_all_counted() {
    let api = Api::new().await;
    make(&api, json!({"maxAllowedRetrievals": 5})).await.is(StatusCode::OK);
    let call = || retrieve(&api);
    let (a, b, c, d, e, f, g, h) = tokio::join!(call(), call(), call(), call(), call(), call(), call(), call());
    let mut left: Vec<i64> = Vec::new();
    for answer in [a, b, c, d, e, f, g, h] {
        match answer.status {
            StatusCode::OK => left.push(answer.json["remainingRetrievals"].as_i64().expect("a number")),
            _ => drop(answer.refused(409, "IMPORT_TOKEN_EXPIRED_ERR")),
        }
    }
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn root_keys_of_every_size_are_imported_and_rotated_with_a_token() {
    let api = Api::new().await;
    let token = api.import_token().await;
    for bytes in [16, 24, 32_u8] {
        let material: Vec<u8> = (0..bytes).collect();
        let made = import(&api, token.wrap(&material)).await;
        let made = made.is(StatusCode::CREATED).resource();
        assert_eq!(made["imported"], true);
        assert_eq!(made["algorithmMetadata"]["bitLength"], (u32::from(bytes) * 8).to_string());
        assert!(made.get("payload").is_none());
        let id = made["id"].as_str().expect("an id");
        // The same material in the clear opens what it wrapped.
        let plain = json!({"name": "plain", "extractable": false, "payload": Base64::encode_string(&material)});
        let plain = api.create(plain).await["id"].as_str().expect("an id").to_owned();
        let wrapped = api.wrap(id, json!({"aad": ["a"]})).await;
        let unwrap = json!({"ciphertext": wrapped["ciphertext"], "aad": ["a"]});
        assert_eq!(api.act(&plain, "unwrap", unwrap).await.json["plaintext"], wrapped["plaintext"]);

        api.act(id, "rotate", token.wrap(&[bytes; 32])).await.is(StatusCode::NO_CONTENT);
        let shown = api.get(&format!("/api/v2/keys/{id}/metadata")).send().await;
        assert_eq!(shown.resource()["algorithmMetadata"]["bitLength"], "256");
        api.act(id, "rotate", token.wrap(&[1; 32])).await.refused(409, "KEY_ROTATION_NOT_PERMITTED");
        api.act(id, "rotate", Value::Null).await.refused(400, "KEY_PAYLOAD_REQ_ERR");
    }
    let overrides = api.post("/api/v2/keys_with_policy_overrides").json(&key(token.wrap(&[5; 32]), false)).send().await;
    assert_eq!(overrides.is(StatusCode::CREATED).resource()["imported"], true);
    let generated = api.root_key().await;
    api.act(&generated, "rotate", token.wrap(&[1; 32])).await.refused(400, "INVALID_QUERY_PARAM_ERR");
}

#[tokio::test]
async fn a_deleted_key_comes_back_with_its_own_material_under_a_token() {
    let api = Api::new().await;
    let token = api.import_token().await;
    let made = import(&api, token.wrap(&[7; 32])).await;
    let path = format!("/api/v2/keys/{}", made.resource()["id"].as_str().expect("an id"));
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    api.clock.advance(31);
    let restore = |fields: Value| api.post(&format!("{path}/restore")).json(&fields).send();
    restore(token.wrap(&[8; 32])).await.refused_for(400, "INVALID_FIELD_ERR", "field", "payload");
    restore(token.wrap(&[7; 32])).await.is(StatusCode::CREATED);
}

#[tokio::test]
async fn what_was_not_encrypted_for_the_token_is_refused() {
    let api = Api::new().await;
    let token = api.import_token().await;
    let good = [7; 32];
    let payload = token.encrypt(&good);
    let mut torn = payload.clone();
    torn[100] ^= 1;
    let refused = |fields: Value, code: &'static str, field: Option<&'static str>| {
        let api = &api;
        async move {
            let answer = import(api, fields).await;
            match field {
                Some(field) => answer.refused_for(400, code, "field", field),
                None => answer.refused(400, code),
            };
        }
    };
    let (nonce, iv) = (token.nonce.clone(), [9; 12]);
    for (bytes, why) in [(&torn[..], "torn"), (&payload[..511], "short"), (&good[..], "not encrypted"), (&[], "empty")]
    {
        println!("{why}");
        refused(token.fields(bytes, &good, &nonce, &iv), "INVALID_FIELD_ERR", Some("payload")).await;
    }
    for length in [0, 1, 15, 31, 33, 64] {
        let sized = token.encrypt(&vec![7; length]);
        refused(token.fields(&sized, &good, &nonce, &iv), "INVALID_FIELD_ERR", Some("payload")).await;
    }
    refused(token.fields(&payload, &[8; 32], &nonce, &iv), "INCORRECT_NONCE_IV_ERR", None).await;
    for iv in [&[9_u8; 11][..], &[9; 13], &[9; 16], &[]] {
        refused(token.fields(&payload, &good, &nonce, iv), "INCORRECT_NONCE_IV_ERR", None).await;
    }
    let mut moved = token.wrap(&good);
    moved["iv"] = json!(Base64::encode_string(&[8; 12]));
    refused(moved, "INCORRECT_NONCE_IV_ERR", None).await;
    for other in [&[0_u8; 12][..], &nonce[..11], &[]] {
        refused(token.fields(&payload, &good, other, &iv), "INCORRECT_NONCE_ERR", None).await;
    }
    for field in ["payload", "encryptedNonce", "iv"] {
        let mut fields = token.wrap(&good);
        fields[field] = json!("not base64!");
        refused(fields.clone(), "INVALID_FIELD_ERR", Some(field)).await;
        fields.as_object_mut().expect("an object").remove(field);
        refused(fields, "INVALID_FIELD_ERR", Some(field)).await;
    }
    let mut sha1 = token.wrap(&good);
    sha1["encryptionAlgorithm"] = json!("RSAES_OAEP_SHA_1");
    refused(sha1, "INVALID_FIELD_ERR", Some("encryptionAlgorithm")).await;
    let standard = api.post("/api/v2/keys").json(&key(token.wrap(&good), true)).send().await;
    standard.refused(400, "KEY_ROOT_REQ_ERR");

    make(&api, Value::Null).await.is(StatusCode::OK);
    refused(token.wrap(&good), "INVALID_FIELD_ERR", Some("payload")).await;
}

#[tokio::test]
async fn tokens_are_for_writers_and_leave_events_without_secrets() {
    let api = Api::new().await;
    let reader = api.someone(&[READER], &[]).await.token;
    let writer = api.someone(&[WRITER], &[]).await.token;
    for call in [api.post(PATH), api.get(PATH)] {
        call.token(&reader).send().await.refused(401, "UNAUTHORIZED_ERR");
    }
    assert_eq!(last(&api)["action"], "kms.import-token.read");
    let terms = json!({"maxAllowedRetrievals": 3});
    api.post(PATH).token(&writer).json(&terms).send().await.is(StatusCode::OK);
    let event = last(&api);
    assert_eq!((&event["action"], &event["severity"]), (&json!("kms.import-token.create"), &json!("normal")));
    assert_eq!(event["responseData"]["maxAllowedRetrievals"], 3);
    let retrieved = api.get(PATH).token(&writer).send().await;
    let event = last(&api);
    assert_eq!((&event["action"], &event["severity"]), (&json!("kms.import-token.read"), &json!("normal")));
    assert_eq!(event["responseData"]["remainingRetrievals"], 2);
    import(&api, Token::of(&retrieved.is(StatusCode::OK).json).wrap(&[7; 32])).await.is(StatusCode::CREATED);
    let nonce = Base64::decode_vec(retrieved.json["nonce"].as_str().expect("text")).expect("base64");
    let database = api.tables().everything();
    for secret in [&nonce[..], retrieved.json["nonce"].as_str().expect("text").as_bytes(), &[7; 32]] {
        assert!(!database.windows(secret.len()).any(|window| window == secret), "a secret lies in the clear");
    }
}

#[tokio::test]
async fn an_instance_can_insist_on_tokens_for_root_keys() {
    const POLICY: &str = "keyCreateImportAccess";
    let api = Api::new().await;
    let token = api.import_token().await;
    let set = |attributes: Value| {
        let policy = json!({"policy_type": POLICY, "policy_data": {"enabled": true, "attributes": attributes}});
        let metadata = json!({"collectionType": "application/vnd.ibm.kms.policy+json", "collectionTotal": 1});
        let body = json!({"metadata": metadata, "resources": [policy]});
        api.call(axum::http::Method::PUT, &format!("/api/v2/instance/policies?policy={POLICY}")).json(&body).send()
    };
    set(json!({"enforce_token": true})).await.is(StatusCode::NO_CONTENT);
    let plain = json!({"payload": Base64::encode_string(&[7; 32])});
    import(&api, plain).await.refused(409, "KEY_CREATE_IMPORT_ACCESS_ERR");
    import(&api, token.wrap(&[7; 32])).await.is(StatusCode::CREATED);
    set(json!({"import_root_key": false})).await.is(StatusCode::NO_CONTENT);
    import(&api, token.wrap(&[7; 32])).await.refused(409, "KEY_CREATE_IMPORT_ACCESS_ERR");
}

#[tokio::test]
async fn only_so_many_key_pairs_are_made_at_a_time_and_who_lost_access_meanwhile_gets_none() {
    let api = Api::new().await;
    let writer = api.someone(&[WRITER], &[]).await;
    let made_by_us = || make(&api, Value::Null);
    let last_in_line = async {
        // After three that are before it in line, and before its policy goes.
        tokio::time::sleep(Duration::from_millis(50)).await;
        api.post(PATH).token(&writer.token).json(&Value::Null).send().await
    };
    let removal = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        made_by_us().await.refused(429, "IMPORT_TOKEN_BUSY_ERR");
        api.remove_policy(&writer.policy).await;
    };
    let (first, second, third, cut_off, ()) =
        tokio::join!(made_by_us(), made_by_us(), made_by_us(), last_in_line, removal);
    for answer in [first, second, third] {
        answer.is(StatusCode::OK);
    }
    cut_off.refused(401, "UNAUTHORIZED_ERR");
    // There is place again.
    made_by_us().await.is(StatusCode::OK);
}
