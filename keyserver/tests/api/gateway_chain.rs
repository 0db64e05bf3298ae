//! A gateway in front of another server of this kind: the whole life of a key, and what happens when somebody works at the upstream.

use axum::http::StatusCode;
use base64ct::{Base64, Encoding};
use envelock_keyserver::server::{Custody, CustodyChoice};
use serde_json::{Value, json};

use crate::{
    support::{Api, KEY_PURGE},
    support_upstream::{ApiKeyFile, Listening},
};

/// A gateway and its upstream, by the same clock as far as the tests move it.
struct Chain {
    gateway: Api,
    upstream: Api,
    custody: Custody,
    _listening: Listening,
    _api_key: ApiKeyFile,
}

impl Chain {
    async fn new() -> Self {
        let upstream = Api::new().await;
        let listening = Listening::start(upstream.router.clone()).await;
        let api_key = ApiKeyFile::new(&upstream.api_key);
        let custody = api_key.custody(&listening.url, &upstream.instance);
        let gateway = Api::new_with(|options| options.custody = custody.clone()).await;
        Self { gateway, upstream, custody, _listening: listening, _api_key: api_key }
    }

    /// Id of the only key at the upstream.
    async fn upstream_key(&self) -> String {
        let keys = self.upstream.get("/api/v2/keys").send().await;
        keys.resource()["id"].as_str().expect("an id").to_owned()
    }

    async fn advance(&mut self, seconds: i64) {
        self.gateway.advance(seconds).await;
        self.upstream.advance(seconds).await;
    }
}

async fn versions(api: &Api, key: &str) -> Vec<Value> {
    let listed = api.get(&format!("/api/v2/keys/{key}/versions")).send().await;
    let versions = listed.is(StatusCode::OK).json["resources"].as_array().expect("versions");
    versions.iter().map(|version| version["id"].clone()).collect()
}

fn unwrapping(wrapped: &Value) -> Value {
    json!({"ciphertext": wrapped["ciphertext"], "aad": ["tenant-7"]})
}

#[tokio::test]
async fn a_key_lives_at_the_upstream_and_its_data_keys_open_there_too() {
    let mut chain = Chain::new().await;
    let key = chain.gateway.root_key().await;
    let there = chain.upstream_key().await;
    assert_eq!(versions(&chain.gateway, &key).await, versions(&chain.upstream, &there).await);

    let wrapped = chain.gateway.wrap(&key, json!({"aad": ["tenant-7"]})).await;
    assert_eq!(wrapped["keyVersion"]["id"], versions(&chain.gateway, &key).await[0]);
    for (api, key) in [(&chain.gateway, &key), (&chain.upstream, &there)] {
        let opened = api.act(key, "unwrap", unwrapping(&wrapped)).await;
        assert_eq!(opened.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);
        let other = json!({"ciphertext": wrapped["ciphertext"], "aad": ["tenant-8"]});
        api.act(key, "unwrap", other).await.refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR");
    }
    let directly = chain.upstream.wrap(&there, json!({"aad": ["tenant-7"]})).await;
    let opened = chain.gateway.act(&key, "unwrap", unwrapping(&directly)).await;
    assert_eq!(opened.json["plaintext"], directly["plaintext"], "and the other way round");

    chain.gateway.act(&key, "rotate", json!({})).await.is(StatusCode::NO_CONTENT);
    let both = versions(&chain.gateway, &key).await;
    assert_eq!((both.len(), &both), (2, &versions(&chain.upstream, &there).await));
    let opened = chain.gateway.act(&key, "unwrap", unwrapping(&wrapped)).await;
    assert_eq!(opened.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);
    assert_eq!((&opened.json["keyVersion"]["id"], &opened.json["rewrappedKeyVersion"]["id"]), (&both[1], &both[0]));
    let moved = chain.gateway.act(&key, "rewrap", unwrapping(&wrapped)).await;
    assert_eq!((&moved.json["keyVersion"]["id"], &moved.json["rewrappedKeyVersion"]["id"]), (&both[1], &both[0]));
    assert!(moved.json.get("plaintext").is_none());
    for fresh in [&opened.json, &moved.json] {
        let opened = chain.upstream.act(&there, "unwrap", unwrapping(fresh)).await;
        assert_eq!(opened.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);
    }

    let path = format!("/api/v2/keys/{key}");
    chain.gateway.act(&key, "disable", json!({})).await.is(StatusCode::NO_CONTENT);
    let refused = chain.gateway.act(&key, "unwrap", unwrapping(&wrapped)).await;
    refused.refused(409, "KEY_ACTION_INVALID_STATE_ERR");
    chain.advance(30).await;
    chain.gateway.act(&key, "enable", json!({})).await.is(StatusCode::NO_CONTENT);
    chain.gateway.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    chain.gateway.act(&key, "unwrap", unwrapping(&wrapped)).await.refused(410, "KEY_DELETED_ERR");
    chain.advance(30).await;
    chain.gateway.post(&format!("{path}/restore")).send().await.is(StatusCode::CREATED);
    let opened = chain.gateway.act(&key, "unwrap", unwrapping(&wrapped)).await;
    assert_eq!(opened.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);

    chain.gateway.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    chain.advance(5 * 3600).await;
    let purger = chain.gateway.someone(&[KEY_PURGE], &[]).await;
    let purge = chain.gateway.delete(&format!("{path}/purge")).token(&purger.token);
    purge.send().await.is(StatusCode::NO_CONTENT);
    chain.upstream.act(&there, "unwrap", unwrapping(&wrapped)).await.refused(410, "KEY_DELETED_ERR");
    assert_eq!(chain.upstream.events_of("kms.secrets.delete").len(), 1, "with all of its versions at once");
}

#[tokio::test]
async fn imported_material_goes_through_and_is_the_same_there() {
    let chain = Chain::new().await;
    let payload = Base64::encode_string(&[5; 24]);
    let fields = json!({"name": "imported", "extractable": false, "payload": payload});
    let key = chain.gateway.create(fields.clone()).await["id"].as_str().expect("an id").to_owned();
    let wrapped = chain.gateway.wrap(&key, json!({"aad": ["tenant-7"]})).await;
    let copy = chain.upstream.create(fields).await;
    let copy = copy["id"].as_str().expect("an id");
    let opened = chain.upstream.act(copy, "unwrap", unwrapping(&wrapped)).await;
    assert_eq!(opened.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);
    let next = json!({"payload": Base64::encode_string(&[6; 32])});
    chain.gateway.act(&key, "rotate", next).await.is(StatusCode::NO_CONTENT);
    assert_eq!(versions(&chain.gateway, &key).await.len(), 2);
}

#[tokio::test]
async fn a_rotation_behind_its_back_is_found_and_recorded() {
    let chain = Chain::new().await;
    let key = chain.gateway.root_key().await;
    let there = chain.upstream_key().await;
    let wrapped = chain.gateway.wrap(&key, json!({"aad": ["tenant-7"]})).await;
    chain.upstream.act(&there, "rotate", json!({})).await.is(StatusCode::NO_CONTENT);

    let opened = chain.gateway.act(&key, "unwrap", unwrapping(&wrapped)).await;
    assert_eq!(opened.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);
    let both = versions(&chain.upstream, &there).await;
    assert_eq!((&opened.json["keyVersion"]["id"], &opened.json["rewrappedKeyVersion"]["id"]), (&both[1], &both[0]));
    assert_eq!(versions(&chain.gateway, &key).await, both, "taken up");
    let events = chain.gateway.events_of("kms.secrets.rotate");
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0]["responseData"]["keyVersionId"], both[0]);

    let fresh = chain.gateway.act(&key, "unwrap", unwrapping(&opened.json)).await;
    assert_eq!(fresh.json["keyVersion"]["id"], both[0]);
    assert!(fresh.json.get("ciphertext").is_none(), "nothing is newer");
    assert_eq!(chain.gateway.wrap(&key, json!({})).await["keyVersion"]["id"], both[0]);
    let again = chain.gateway.act(&key, "rotate", json!({})).await;
    again.refused(409, "KEY_ROTATION_NOT_PERMITTED");
}

#[tokio::test]
async fn what_the_upstream_forbids_its_gateway_does_not_do() {
    let chain = Chain::new().await;
    let key = chain.gateway.root_key().await;
    let there = chain.upstream_key().await;
    let wrapped = chain.gateway.wrap(&key, json!({"aad": ["tenant-7"]})).await;
    chain.upstream.act(&there, "disable", json!({})).await.is(StatusCode::NO_CONTENT);
    let refused = chain.gateway.act(&key, "unwrap", unwrapping(&wrapped)).await;
    refused.refused(409, "KEY_ACTION_INVALID_STATE_ERR");
    chain.upstream.delete(&format!("/api/v2/keys/{there}")).send().await.is(StatusCode::NO_CONTENT);
    chain.gateway.act(&key, "unwrap", unwrapping(&wrapped)).await.refused(410, "KEY_DELETED_ERR");
    chain.gateway.act(&key, "wrap", json!({})).await.refused(410, "KEY_DELETED_ERR");
}

#[tokio::test]
async fn two_gateways_before_one_upstream_work_on_the_same_keys() {
    let Chain { mut gateway, upstream, custody, _listening, _api_key } = Chain::new().await;
    let key = gateway.root_key().await;
    let wrapped = gateway.wrap(&key, json!({"aad": ["tenant-7"]})).await;
    let (mut other, _directory) = gateway.replica_with(|options| options.custody = custody).await;

    std::mem::swap(&mut gateway.router, &mut other.router);
    let opened = gateway.act(&key, "unwrap", unwrapping(&wrapped)).await;
    assert_eq!(opened.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);
    gateway.act(&key, "rotate", json!({})).await.is(StatusCode::NO_CONTENT);
    let newest = versions(&gateway, &key).await.remove(0);

    std::mem::swap(&mut gateway.router, &mut other.router);
    assert_eq!(gateway.wrap(&key, json!({})).await["keyVersion"]["id"], newest, "the rotation counts here, too");
    let opened = gateway.act(&key, "unwrap", unwrapping(&wrapped)).await;
    assert_eq!(opened.json["rewrappedKeyVersion"]["id"], newest);
    assert_eq!(gateway.events_of("kms.secrets.rotate").len(), 1, "found once, by the one that made it");
    assert_eq!(upstream.events_of("kms.secrets.rotate").len(), 1);
}

#[tokio::test]
async fn a_key_moves_to_the_upstream_and_back_by_being_rotated() {
    let upstream = Api::new().await;
    let listening = Listening::start(upstream.router.clone()).await;
    let api_key = ApiKeyFile::new(&upstream.api_key);
    let custody = api_key.custody(&listening.url, &upstream.instance);

    let mut api = Api::new().await;
    let key = api.root_key().await;
    let mut wrapped = vec![api.wrap(&key, json!({"aad": ["tenant-7"]})).await];
    for new_root_keys in [CustodyChoice::Gateway, CustodyChoice::File, CustodyChoice::Gateway] {
        let custody = Custody { new_root_keys, ..custody.clone() };
        api = api.restart_with(|options| options.custody = custody).await;
        api.advance(3600).await;
        api.act(&key, "rotate", json!({})).await.is(StatusCode::NO_CONTENT);
        wrapped.push(api.wrap(&key, json!({"aad": ["tenant-7"]})).await);
    }
    let newest = versions(&api, &key).await.remove(0);
    let (last, older) = wrapped.split_last().expect("four");
    for old in older {
        let opened = api.act(&key, "unwrap", unwrapping(old)).await;
        assert_eq!(opened.is(StatusCode::OK).json["plaintext"], old["plaintext"]);
        assert_eq!(opened.json["keyVersion"], old["keyVersion"]);
        assert_eq!(opened.json["rewrappedKeyVersion"]["id"], newest);
        let moved = api.act(&key, "rewrap", unwrapping(old)).await;
        assert_eq!(moved.is(StatusCode::OK).json["rewrappedKeyVersion"]["id"], newest);
        let opened = api.act(&key, "unwrap", unwrapping(&moved.json)).await;
        assert_eq!(opened.json["plaintext"], old["plaintext"]);
    }
    assert_eq!(last["keyVersion"]["id"], newest);
}
