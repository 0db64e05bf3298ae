//! `/api/v2/keys`: create, import, list, count, read, metadata.

use axum::http::{Method, StatusCode};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::support::{Api, KEY_TYPE, envelope};

const KEYS: &str = "/api/v2/keys";

#[tokio::test]
async fn a_fresh_root_key_has_exactly_the_fields_of_the_reference() {
    let api = Api::new().await;
    let key = api.create(json!({"name": "tenant-root", "extractable": false})).await;
    let (id, version) = (key["id"].as_str().expect("an id"), key["keyVersion"]["id"].clone());
    let created_by = key["createdBy"].clone();
    assert!(created_by.as_str().expect("an id").starts_with("iam-ServiceId-"));
    assert_eq!(
        key,
        json!({
            "type": KEY_TYPE, "id": id, "name": "tenant-root", "state": 1, "extractable": false,
            "crn": format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}:key:{id}", api.account, api.instance),
            "imported": false, "keyRingID": "default", "creationDate": "2026-01-10T09:00:00Z",
            "createdBy": created_by, "algorithmType": "AES",
            "algorithmMetadata": {"bitLength": "256", "mode": "CBC_PAD"}, "algorithmBitSize": 256,
            "algorithmMode": "CBC_PAD", "keyVersion": {"id": version, "creationDate": "2026-01-10T09:00:00Z"},
            "dualAuthDelete": {"enabled": false}, "deleted": false,
        })
    );
}

#[tokio::test]
async fn answers_are_json_not_stored_and_carry_the_request_id() {
    let api = Api::new().await;
    let id = "0b9f7d0e-7e43-4a0b-8f3f-2f1d6c5b4a39";
    let answer = api.get(KEYS).header("correlation-id", id).send().await;
    answer.is(StatusCode::OK);
    assert_eq!(answer.header("correlation-id"), id);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    let made = api.get(KEYS).header("correlation-id", "not a UUID").send().await;
    assert_ne!(made.header("correlation-id"), "not a UUID");
    assert_eq!(made.header("correlation-id").len(), 36);
}

#[tokio::test]
async fn everything_given_at_creation_comes_back() {
    let api = Api::new().await;
    let fields = json!({
        "name": "full", "extractable": false, "description": "with everything", "Tags": ["a", "b"],
        "aliases": ["second", "first"], "expirationDate": "2027-01-01T00:00:00.25560158Z", "unknown": {"field": 1},
    });
    let key = api.create(fields).await;
    assert_eq!(key["description"], "with everything");
    assert_eq!(key["tags"], json!(["a", "b"]));
    assert_eq!(key["aliases"], json!(["first", "second"]));
    assert_eq!(key["expirationDate"], "2027-01-01T00:00:00Z");
    for name in [key["id"].as_str().expect("an id"), "first", "second"] {
        let found = api.get(&format!("{KEYS}/{name}/metadata")).send().await;
        assert_eq!(found.resource()["id"], key["id"]);
        assert_eq!(found.resource()["aliases"], json!(["first", "second"]));
    }
}

#[tokio::test]
async fn import_takes_the_three_sizes_and_never_shows_the_material() {
    let api = Api::new().await;
    for bytes in [16, 24, 32] {
        let payload = Base64::encode_string(&vec![7; bytes]);
        let key = api.create(json!({"name": "imported", "extractable": false, "payload": payload})).await;
        assert_eq!(key["imported"], true);
        assert_eq!(key["algorithmMetadata"]["bitLength"], (bytes * 8).to_string());
        assert_eq!(key["algorithmBitSize"], bytes * 8);
        for path in ["", "/metadata"] {
            let shown = api.get(&format!("{KEYS}/{}{path}", key["id"].as_str().expect("an id"))).send().await;
            shown.is(StatusCode::OK);
            assert!(!shown.text.contains(&payload));
            assert!(shown.resource().get("payload").is_none());
        }
    }
}

#[tokio::test]
async fn import_refuses_every_other_size_and_every_other_base64() {
    let api = Api::new().await;
    let sizes = [1, 8, 15, 17, 23, 25, 31, 33, 64].map(|bytes| Base64::encode_string(&vec![7; bytes]));
    let texts = [
        "",
        "AAAAAAAAAAAAAAAAAAAAAA",       // no padding
        "AAAAAAAAAAAAAAAAAAAAAB==",     // padding bits set
        "AAAAAAAAAAAA\nAAAAAAAAAA==",   // line break
        "AAAAAAAAAAAAAAAAAAAAAA== ",    // blank
        "__________________________8=", // URL-safe alphabet
        "this is not base64!!",
    ];
    for payload in sizes.iter().map(String::as_str).chain(texts) {
        let body = envelope(json!({"name": "imported", "extractable": false, "payload": payload}));
        let answer = api.post(KEYS).json(&body).send().await;
        answer.refused_for(400, "INVALID_FIELD_ERR", "field", "payload");
        assert!(payload.is_empty() || !answer.text.contains(payload.trim()), "the answer repeats the payload");
    }
    assert_eq!(api.get(KEYS).send().await.json["metadata"]["collectionTotal"], 0);
}

#[tokio::test]
async fn material_for_an_import_token_is_refused_as_there_is_none() {
    let api = Api::new().await;
    let fields = json!({
        "name": "secure", "extractable": false, "payload": "AAAAAAAAAAAAAAAAAAAAAA==",
        "encryptionAlgorithm": "RSAES_OAEP_SHA_256", "encryptedNonce": "AAAA", "iv": "AAAA",
    });
    let answer = api.post(KEYS).json(&envelope(fields)).send().await;
    answer.refused(409, "IMPORT_TOKEN_EXPIRED_ERR");
}

#[tokio::test]
async fn standard_keys_show_their_payload_on_get_only_and_do_not_wrap() {
    let api = Api::new().await;
    let payload = Base64::encode_string(b"any length is fine");
    let given = api.create(json!({"name": "standard", "extractable": true, "payload": payload})).await;
    assert_eq!(given["payload"], payload);
    assert!(given.get("keyVersion").is_none());
    let id = given["id"].as_str().expect("an id");
    assert_eq!(api.get(&format!("{KEYS}/{id}")).send().await.resource()["payload"], payload);
    assert!(api.get(&format!("{KEYS}/{id}/metadata")).send().await.resource().get("payload").is_none());
    assert!(!api.get(KEYS).send().await.text.contains(&payload));
    for action in ["wrap", "rotate", "disable", "enable"] {
        api.act(id, action, Value::Null).await.refused(400, "KEY_ROOT_REQ_ERR");
    }

    let generated = api.create(json!({"name": "standard", "extractable": true})).await;
    assert_eq!(Base64::decode_vec(generated["payload"].as_str().expect("text")).expect("base64").len(), 32);
    let too_long = Base64::encode_string(&vec![0; 7501]);
    let body = envelope(json!({"name": "standard", "extractable": true, "payload": too_long}));
    api.post(KEYS).json(&body).send().await.refused_for(400, "INVALID_FIELD_ERR", "field", "payload");
}

#[tokio::test]
async fn each_field_of_a_new_key_keeps_its_rule() {
    let api = Api::new().await;
    let long = |n: usize| "x".repeat(n);
    let rows = [
        ("name", json!({"extractable": false})),
        ("name", json!({"name": "x", "extractable": false})),
        ("name", json!({"name": long(91), "extractable": false})),
        ("name", json!({"name": "tab\tbed", "extractable": false})),
        ("extractable", json!({"name": "a key"})),
        ("description", json!({"name": "a key", "extractable": false, "description": "x"})),
        ("description", json!({"name": "a key", "extractable": false, "description": long(241)})),
        ("tags", json!({"name": "a key", "extractable": false, "tags": [long(31)]})),
        ("tags", json!({"name": "a key", "extractable": false, "tags": ["a:b"]})),
        ("tags", json!({"name": "a key", "extractable": false, "tags": vec!["a"; 31]})),
        ("aliases", json!({"name": "a key", "extractable": false, "aliases": ["two words"]})),
        ("aliases", json!({"name": "a key", "extractable": false, "aliases": ["policies"]})),
        ("aliases", json!({"name": "a key", "extractable": false, "aliases": ["a1", "a2", "a3", "a4", "a5", "a6"]})),
        ("expirationDate", json!({"name": "a key", "extractable": false, "expirationDate": "tomorrow"})),
        ("expirationDate", json!({"name": "a key", "extractable": false, "expirationDate": "2026-01-10T09:00:00Z"})),
    ];
    for (field, body) in rows {
        let answer = api.post(KEYS).json(&envelope(body)).send().await;
        answer.refused_for(400, "INVALID_FIELD_ERR", "field", field);
    }
    api.create(json!({"name": "é".repeat(90), "extractable": false, "description": long(240)})).await;
}

#[tokio::test]
async fn the_envelope_of_a_new_key_keeps_its_rules() {
    let api = Api::new().await;
    let key = json!({"name": "a key", "extractable": false});
    let metadata = |total: u32| json!({"collectionType": KEY_TYPE, "collectionTotal": total});
    let rows = [
        ("NO_BODY_ERR", String::new()),
        ("NO_BODY_ERR", "null".to_owned()),
        ("NO_BODY_ERR", "{ }".to_owned()),
        ("BAD_BODY_ERR", "{".to_owned()),
        ("BAD_BODY_ERR", "[]".to_owned()),
        ("BAD_BODY_ERR", json!({"resources": [key]}).to_string()),
        ("BAD_BODY_ERR", json!({"metadata": {}, "resources": [key]}).to_string()),
        ("BAD_BODY_ERR", json!({"metadata": metadata(2), "resources": [key, key]}).to_string()),
        ("BAD_BODY_ERR", json!({"metadata": metadata(0), "resources": []}).to_string()),
        ("BAD_BODY_ERR", json!({"metadata": metadata(1), "resources": [{"name": 7}]}).to_string()),
        ("COLLECTION_TOTAL_MISMATCH_ERR", json!({"metadata": metadata(2), "resources": [key]}).to_string()),
    ];
    for (code, body) in rows {
        let answer = api.post(KEYS).text(&body).send().await;
        answer.refused(400, code);
    }
    let any_type = api.post(KEYS).header("content-type", "text/plain").json(&envelope(key)).send().await;
    any_type.is(StatusCode::CREATED);
}

#[tokio::test]
async fn an_alias_names_one_key_of_the_instance() {
    let api = Api::new().await;
    api.create(json!({"name": "first", "extractable": false, "aliases": ["mine"]})).await;
    let again = envelope(json!({"name": "second", "extractable": false, "aliases": ["other", "mine"]}));
    api.post(KEYS).json(&again).send().await.refused(409, "KEY_ALIAS_NOT_UNIQUE_ERR");
    api.get(&format!("{KEYS}/other/metadata")).send().await.refused(404, "KEY_NOT_FOUND_ERR");
    assert_eq!(api.get(KEYS).send().await.json["metadata"]["collectionTotal"], 1);
    api.get(&format!("{KEYS}/Mine/metadata")).send().await.refused(404, "KEY_NOT_FOUND_ERR");
}

#[tokio::test]
async fn names_that_can_name_no_key_are_told_apart() {
    let api = Api::new().await;
    for missing in ["00000000-0000-4000-8000-000000000000", "no-such-alias", "policies"] {
        api.get(&format!("{KEYS}/{missing}")).send().await.refused(404, "KEY_NOT_FOUND_ERR");
    }
    for malformed in ["two%20words", "a%2Fb", "x", "%FF"] {
        let answer = api.get(&format!("{KEYS}/{malformed}")).send().await;
        answer.refused_for(400, "INVALID_FIELD_ERR", "field", "id");
    }
}

#[tokio::test]
async fn rings_other_than_the_default_hold_no_keys() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let path = format!("{KEYS}/{id}/metadata");
    api.get(&path).header("x-kms-key-ring", "default").send().await.is(StatusCode::OK);
    api.get(&path).header("x-kms-key-ring", "other").send().await.refused(404, "KEY_NOT_FOUND_ERR");
    let listed = api.get(KEYS).header("x-kms-key-ring", "other").send().await;
    assert_eq!(listed.json["metadata"]["collectionTotal"], 0);
    let new = envelope(json!({"name": "a key", "extractable": false}));
    let create = api.post(KEYS).header("x-kms-key-ring", "other").json(&new).send().await;
    create.refused(404, "KEY_RING_NOT_FOUND_ERR");
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let api = Api::new().await;
    api.get("/api/v2/nothing").send().await.refused(404, "NOT_FOUND_ERR");
    api.call(Method::PUT, KEYS).send().await.refused(405, "METHOD_NOT_ALLOWED_ERR");
    api.get("/api/v2/nothing").without("authorization").send().await.refused(401, "UNAUTHORIZED_ERR");
    api.get("/nothing").send().await.refused(404, "NOT_FOUND_ERR");
}
