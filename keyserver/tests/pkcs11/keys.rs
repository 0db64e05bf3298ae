//! What is done with keys, and what the token has of them.

use std::time::Duration;

use axum::http::StatusCode;
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::{
    server,
    support::{Api, KEY_PURGE, envelope},
    token::with_token,
};

const HOUR: i64 = 3600;

async fn import(api: &Api, material: &[u8]) -> String {
    let payload = Base64::encode_string(material);
    let key = api.create(json!({"name": "imported", "extractable": false, "payload": payload})).await;
    key["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_generated_key_lives_in_the_token_from_creation_to_purge() {
    with_token("keys::a_generated_key_lives_in_the_token_from_creation_to_purge", async |token| {
        let mut api = server(&token).await;
        let id = api.root_key().await;
        let [object] = &token.root_keys()[..] else { panic!("one key") };
        assert!(object.contains("sensitive, always sensitive, never extractable, local"), "{object}");
        assert!(object.contains("encrypt, decrypt\n") && object.contains(&id), "{object}");

        let wrapped = api.wrap(&id, json!({"aad": ["tenant"]})).await;
        let unwrap = |aad: Value| api.act(&id, "unwrap", json!({"ciphertext": wrapped["ciphertext"], "aad": aad}));
        assert_eq!(unwrap(json!(["tenant"])).await.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);
        for wrong in [json!(["other"]), json!([]), json!(["tenant", ""])] {
            unwrap(wrong).await.refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR");
        }
        let again = api.wrap(&id, json!({"plaintext": wrapped["plaintext"], "aad": ["tenant"]})).await;
        assert_ne!(again["ciphertext"], wrapped["ciphertext"]);

        api.act(&id, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
        assert_eq!(token.root_keys().len(), 2);
        let moved = api.act(&id, "unwrap", json!({"ciphertext": wrapped["ciphertext"], "aad": ["tenant"]})).await;
        assert_eq!(moved.json["plaintext"], wrapped["plaintext"]);
        assert_ne!(moved.json["rewrappedKeyVersion"]["id"], moved.json["keyVersion"]["id"]);
        let rewrapped = api.act(&id, "rewrap", json!({"ciphertext": wrapped["ciphertext"], "aad": ["tenant"]})).await;
        let fresh = json!({"ciphertext": rewrapped.is(StatusCode::OK).json["ciphertext"], "aad": ["tenant"]});
        assert_eq!(api.act(&id, "unwrap", fresh).await.json["plaintext"], wrapped["plaintext"]);
        // Nothing is made in the token for a rotation that is refused.
        api.act(&id, "rotate", Value::Null).await.refused(409, "KEY_ROTATION_NOT_PERMITTED");
        assert_eq!(token.root_keys().len(), 2);

        api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
        assert_eq!(token.root_keys().len(), 2, "it can still be restored");
        let purger = api.someone(&[KEY_PURGE], &[]).await;
        api.advance(5 * HOUR).await;
        let purge = api.delete(&format!("/api/v2/keys/{id}/purge")).token(&api.token_for(&purger.api_key).await);
        purge.send().await.is(StatusCode::NO_CONTENT);
        assert!(token.root_keys().is_empty());
    });
}

#[test]
fn material_of_all_sizes_is_taken_up_and_known_again() {
    with_token("keys::material_of_all_sizes_is_taken_up_and_known_again", async |token| {
        let mut api = server(&token).await;
        for bytes in [16, 24, 32] {
            let material: Vec<u8> = (0..bytes).map(|n| n * 5 + bytes).collect();
            let id = import(&api, &material).await;
            let wrapped = api.wrap(&id, json!({"aad": ["t"]})).await;
            let unwrap = json!({"ciphertext": wrapped["ciphertext"], "aad": ["t"]});
            assert_eq!(api.act(&id, "unwrap", unwrap).await.json["plaintext"], wrapped["plaintext"]);

            api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
            api.advance(31).await;
            let restore = |material: &[u8]| {
                let body = envelope(json!({"payload": Base64::encode_string(material)}));
                api.post(&format!("/api/v2/keys/{id}/restore")).json(&body).send()
            };
            restore(&vec![1; material.len()]).await.refused(400, "INVALID_FIELD_ERR");
            restore(&material).await.is(StatusCode::CREATED);
        }
        let objects = token.root_keys();
        assert_eq!(objects.len(), 3);
        assert!(objects.iter().all(|object| object.contains("sensitive") && !object.contains("local")), "{objects:?}");
    });
}

#[test]
fn a_secure_import_ends_in_the_token() {
    with_token("keys::a_secure_import_ends_in_the_token", async |token| {
        let api = server(&token).await;
        let material: Vec<u8> = (100..132).collect();
        let mut fields = api.import_token().await.wrap(&material);
        fields["name"] = json!("secure");
        fields["extractable"] = json!(false);
        let id = api.create(fields).await["id"].as_str().expect("an id").to_owned();
        assert_eq!(token.root_keys().len(), 1);
        // A server with the same material in a file opens what the token wrapped.
        let wrapped = api.wrap(&id, json!({"aad": ["t"]})).await;
        let other = Api::new().await;
        let copy = import(&other, &material).await;
        let unwrap = json!({"ciphertext": wrapped["ciphertext"], "aad": ["t"]});
        assert_eq!(other.act(&copy, "unwrap", unwrap).await.json["plaintext"], wrapped["plaintext"]);
    });
}

#[test]
fn standard_keys_and_their_payloads_are_not_the_tokens() {
    with_token("keys::standard_keys_and_their_payloads_are_not_the_tokens", async |token| {
        let api = server(&token).await;
        let made = api.create(json!({"name": "standard", "extractable": true})).await;
        let path = format!("/api/v2/keys/{}", made["id"].as_str().expect("an id"));
        assert_eq!(api.get(&path).send().await.resource()["payload"], made["payload"]);
        assert!(token.root_keys().is_empty());
    });
}

#[test]
fn the_name_of_another_keys_object_finds_nothing() {
    with_token("keys::the_name_of_another_keys_object_finds_nothing", async |token| {
        let api = server(&token).await;
        let (one, other) = (api.root_key().await, api.root_key().await);
        let wrapped = api.wrap(&one, json!({})).await;
        let moved = "UPDATE key_versions SET material = (SELECT material FROM key_versions WHERE key_id != k.key_id)
            FROM key_versions k WHERE key_versions.rowid = k.rowid";
        assert_eq!(api.database().execute(moved, []).expect("moved"), 2);
        // What another process changes is noticed within half a second.
        tokio::time::sleep(Duration::from_secs(1)).await;
        for key in [one, other] {
            let unwrap = json!({"ciphertext": wrapped["ciphertext"]});
            api.act(&key, "unwrap", unwrap).await.refused(500, "INTERNAL_ERR");
        }
    });
}
