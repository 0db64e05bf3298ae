//! What wrapping promises: the same material opens anywhere, anything wrapped opens, nothing else does.

use axum::http::StatusCode;
use base64ct::{Base64, Encoding};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::support::Api;

async fn import(api: &Api, material: &[u8]) -> String {
    let payload = Base64::encode_string(material);
    let key = api.create(json!({"name": "imported", "extractable": false, "payload": payload})).await;
    key["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn the_same_material_opens_under_another_key_of_another_server() {
    let (here, there) = (Api::new().await, Api::new().await);
    for bytes in [16, 24, 32] {
        let original = import(&here, &vec![3; bytes]).await;
        let wrapped = here.wrap(&original, json!({"aad": ["t"]})).await;
        let body = json!({"ciphertext": wrapped["ciphertext"], "aad": ["t"]});
        for api in [&here, &there] {
            let copy = import(api, &vec![3; bytes]).await;
            let opened = api.act(&copy, "unwrap", body.clone()).await;
            assert_eq!(opened.json["plaintext"], wrapped["plaintext"]);
            let different = import(api, &vec![4; bytes]).await;
            api.act(&different, "unwrap", body.clone()).await.refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR");
        }
    }
}

#[tokio::test]
async fn the_same_material_opens_when_it_is_only_an_older_version() {
    let api = Api::new().await;
    let original = import(&api, &[3; 32]).await;
    let wrapped = api.wrap(&original, json!({})).await;
    let other = import(&api, &[3; 32]).await;
    let rotate = json!({"payload": Base64::encode_string(&[9; 24])});
    api.act(&other, "rotate", rotate).await.is(StatusCode::NO_CONTENT);
    let opened = api.act(&other, "unwrap", json!({"ciphertext": wrapped["ciphertext"]})).await;
    assert_eq!(opened.json["plaintext"], wrapped["plaintext"]);
    assert!(opened.json.get("rewrappedKeyVersion").is_some());
}

#[test]
fn whatever_is_wrapped_opens_again_and_under_its_own_aad_only() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let api = runtime.block_on(Api::new());
    let keys = [16, 24, 32].map(|bytes| runtime.block_on(import(&api, &vec![1; bytes])));
    let case = (0..3_usize, vec(any::<u8>(), 1..=3072), vec(".{0,20}", 0..8), vec(".{0,20}", 0..8));
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(&case, |(key, dek, aad, other)| {
            let key = &keys[key];
            let plaintext = Base64::encode_string(&dek);
            let wrapped = runtime.block_on(api.wrap(key, json!({"plaintext": plaintext, "aad": aad})));
            let unwrap = |aad: &[String]| -> Value {
                let body = json!({"ciphertext": wrapped["ciphertext"], "aad": aad});
                runtime.block_on(api.act(key, "unwrap", body)).json
            };
            let opened = unwrap(&aad);
            prop_assert_eq!(opened["plaintext"].as_str(), Some(plaintext.as_str()));
            prop_assert_eq!(unwrap(&other).get("plaintext").is_some(), other == aad);
            Ok(())
        })
        .expect("holds");
}
