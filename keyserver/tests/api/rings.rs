//! `/api/v2/key_rings`, `PATCH /api/v2/keys/{id}`, and the header that names a ring.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    audit::last,
    support::{Answer, Api, MANAGER, READER, WRITER, envelope},
};

const RINGS: &str = "/api/v2/key_rings";
const HEADER: &str = "x-kms-key-ring";

async fn make(api: &Api, ring: &str) -> Answer {
    api.post(&format!("{RINGS}/{ring}")).send().await
}

async fn remove(api: &Api, ring: &str) -> Answer {
    api.delete(&format!("{RINGS}/{ring}")).send().await
}

async fn key_in(api: &Api, ring: &str) -> String {
    let body = envelope(json!({"name": "a key", "extractable": false}));
    let made = api.post("/api/v2/keys").header(HEADER, ring).json(&body).send().await;
    let key = made.is(StatusCode::CREATED).resource();
    assert_eq!(key["keyRingID"], ring);
    key["id"].as_str().expect("an id").to_owned()
}

async fn patch(api: &Api, key: &str, body: Value) -> Answer {
    api.call(Method::PATCH, &format!("/api/v2/keys/{key}")).json(&body).send().await
}

#[tokio::test]
async fn rings_are_made_listed_and_removed() {
    let api = Api::new().await;
    api.clock.advance(60);
    let made = make(&api, "ring-b").await;
    assert_eq!((made.status, made.text.as_str()), (StatusCode::CREATED, ""));
    assert!(made.headers.get("content-type").is_none());
    api.clock.advance(60);
    make(&api, "Ring-A").await.is(StatusCode::CREATED);
    let listed = api.get(RINGS).send().await;
    assert_eq!(listed.json["metadata"]["collectionType"], "application/vnd.ibm.kms.key_ring+json");
    assert_eq!(listed.json["metadata"]["collectionTotal"], 3);
    let rings = listed.json["resources"].as_array().expect("a list");
    assert_eq!(rings[0], json!({"id": "default", "creationDate": "2026-01-10T08:59:59Z"}));
    assert_eq!((&rings[1]["id"], &rings[1]["creationDate"]), (&json!("ring-b"), &json!("2026-01-10T09:01:00Z")));
    assert!(rings[1]["createdBy"].as_str().expect("an id").starts_with("iam-ServiceId-"));
    assert_eq!(rings[2]["id"], "Ring-A");

    let page = api.get(&format!("{RINGS}?limit=1&offset=1&totalCount=true")).send().await;
    assert_eq!(page.resource()["id"], "ring-b");
    assert_eq!(page.json["metadata"]["totalCount"], 3);
    assert!(listed.json["metadata"].get("totalCount").is_none());
    let answer = api.get(&format!("{RINGS}?limit=5001")).send().await;
    answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "limit");

    assert_eq!(remove(&api, "ring-b").await.is(StatusCode::NO_CONTENT).text, "");
    remove(&api, "ring-b").await.refused(404, "KEY_RING_NOT_FOUND_ERR");
    assert_eq!(api.get(RINGS).send().await.json["metadata"]["collectionTotal"], 2);
}

#[tokio::test]
async fn ring_ids_keep_to_their_rules() {
    let api = Api::new().await;
    for bad in ["a".to_owned(), "a_b".to_owned(), "a%20b".to_owned(), "a%2Fb".to_owned(), "a".repeat(101)] {
        make(&api, &bad).await.refused_for(400, "INVALID_FIELD_ERR", "field", "id");
        remove(&api, &bad).await.refused_for(400, "INVALID_FIELD_ERR", "field", "id");
    }
    make(&api, &"a".repeat(100)).await.is(StatusCode::CREATED);
    make(&api, "twice").await.is(StatusCode::CREATED);
    make(&api, "Twice").await.is(StatusCode::CREATED);
    make(&api, "twice").await.refused(409, "KEY_RING_EXISTS_ERR");
    make(&api, "default").await.refused(409, "KEY_RING_EXISTS_ERR");
    for query in ["", "?force=true"] {
        let path = format!("{RINGS}/default{query}");
        api.delete(&path).send().await.refused(409, "KEY_RING_DEFAULT_ERR");
    }
}

#[tokio::test]
async fn fifty_rings_fit_besides_the_default_one() {
    let api = Api::new().await;
    for number in 0..50 {
        make(&api, &format!("ring-{number}")).await.is(StatusCode::CREATED);
    }
    let answer = make(&api, "one-more").await;
    answer.refused(409, "KEY_RING_LIMIT_ERR");
    assert!(answer.text.contains("at most 50"), "{}", answer.text);
    assert_eq!(api.get(RINGS).send().await.json["metadata"]["collectionTotal"], 51);
    remove(&api, "ring-7").await.is(StatusCode::NO_CONTENT);
    make(&api, "one-more").await.is(StatusCode::CREATED);
}

#[tokio::test]
async fn a_ring_with_keys_is_not_removed_and_force_moves_deleted_keys_only() {
    let api = Api::new().await;
    make(&api, "ring-b").await.is(StatusCode::CREATED);
    let key = key_in(&api, "ring-b").await;
    let forced = || api.delete(&format!("{RINGS}/ring-b?force=true")).send();
    remove(&api, "ring-b").await.refused(409, "KEY_RING_KEYS_NOT_DELETED_ERR");
    forced().await.refused(409, "KEY_RING_KEYS_NOT_DELETED_ERR");
    api.delete(&format!("/api/v2/keys/{key}")).send().await.is(StatusCode::NO_CONTENT);
    remove(&api, "ring-b").await.refused(409, "KEY_RING_NOT_EMPTY_ERR");
    let answer = api.delete(&format!("{RINGS}/ring-b?force=maybe")).send().await;
    answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "force");
    forced().await.is(StatusCode::NO_CONTENT);
    let moved = api.get(&format!("/api/v2/keys/{key}/metadata")).send().await;
    assert_eq!(moved.resource()["keyRingID"], "default");
    api.clock.advance(31);
    let restored = api.post(&format!("/api/v2/keys/{key}/restore")).send().await;
    assert_eq!(restored.is(StatusCode::CREATED).resource()["keyRingID"], "default");
}

#[tokio::test]
async fn the_header_puts_new_keys_in_a_ring_that_exists() {
    let api = Api::new().await;
    let new = envelope(json!({"name": "a key", "extractable": false}));
    let create = |ring: &'static str| api.post("/api/v2/keys").header(HEADER, ring).json(&new).send();
    create("ring-b").await.refused(404, "KEY_RING_NOT_FOUND_ERR");
    make(&api, "ring-b").await.is(StatusCode::CREATED);
    key_in(&api, "ring-b").await;
    key_in(&api, "default").await;
    create("a ring").await.refused_for(400, "INVALID_FIELD_ERR", "field", "X-Kms-Key-Ring");
}

#[tokio::test]
async fn the_header_limits_every_look_up_to_its_ring() {
    let api = Api::new().await;
    make(&api, "ring-b").await.is(StatusCode::CREATED);
    let (inside, outside) = (key_in(&api, "ring-b").await, key_in(&api, "default").await);
    let ciphertext = api.wrap(&inside, json!({})).await["ciphertext"].clone();
    let unwrap = json!({"ciphertext": ciphertext});
    let one = |rest: &str| format!("/api/v2/keys/{inside}{rest}");
    let calls = || {
        [
            (Method::GET, one(""), Value::Null),
            (Method::GET, one("/metadata"), Value::Null),
            (Method::GET, one("/versions"), Value::Null),
            (Method::GET, one("/registrations"), Value::Null),
            (Method::GET, one("/policies"), Value::Null),
            (Method::POST, one("/actions/wrap"), Value::Null),
            (Method::POST, one("/actions/unwrap"), unwrap.clone()),
            (Method::POST, one("/actions/rewrap"), unwrap.clone()),
            (Method::POST, one("/actions/rotate"), Value::Null),
            (Method::PATCH, one(""), json!({"keyRingID": "ring-b"})),
            (Method::POST, one("/actions/disable"), Value::Null),
            (Method::DELETE, one(""), Value::Null),
        ]
    };
    for ring in ["default", "no-such-ring"] {
        for (method, path, body) in calls() {
            let answer = api.call(method.clone(), &path).header(HEADER, ring).json(&body).send().await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}: {}", answer.text);
            answer.refused(404, "KEY_NOT_FOUND_ERR");
        }
    }
    for (ring, id) in [("ring-b", &inside), ("default", &outside)] {
        let listed = api.get("/api/v2/keys").header(HEADER, ring).send().await;
        assert_eq!(listed.resource()["id"], *id);
        let total = api.call(Method::HEAD, "/api/v2/keys").header(HEADER, ring).send().await;
        assert_eq!(total.header("key-total"), "1");
    }
    assert_eq!(api.get("/api/v2/keys").send().await.json["metadata"]["collectionTotal"], 2);
    for (method, path, body) in calls() {
        let answer = api.call(method.clone(), &path).header(HEADER, "ring-b").json(&body).send().await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_key_moves_between_rings() {
    let api = Api::new().await;
    let key = api.root_key().await;
    make(&api, "ring-b").await.is(StatusCode::CREATED);
    api.clock.advance(5);
    for (field, ring) in [("keyRingID", "ring-b"), ("KeyRingID", "default"), ("KEYRINGID", "ring-b")] {
        let moved = patch(&api, &key, json!({field: ring})).await;
        assert_eq!(moved.is(StatusCode::OK).resource()["keyRingID"], ring);
        assert_eq!(moved.resource()["lastUpdateDate"], "2026-01-10T09:00:05Z");
        let shown = api.get(&format!("/api/v2/keys/{key}/metadata")).header(HEADER, ring).send().await;
        assert_eq!(shown.resource(), moved.resource());
    }
    patch(&api, &key, json!({"keyRingID": "no-such-ring"})).await.refused(404, "KEY_RING_NOT_FOUND_ERR");
    patch(&api, &key, json!({})).await.refused(400, "NO_BODY_ERR");
    for body in [json!({"other": 1}), json!({"keyRingID": 1}), json!({"keyRingID": "a ring"})] {
        patch(&api, &key, body).await.refused_for(400, "INVALID_FIELD_ERR", "field", "keyRingID");
    }
    patch(&api, "nobody", json!({"keyRingID": "ring-b"})).await.refused(404, "KEY_NOT_FOUND_ERR");
    api.act(&key, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    patch(&api, &key, json!({"keyRingID": "default"})).await.is(StatusCode::OK);
    api.delete(&format!("/api/v2/keys/{key}")).send().await.is(StatusCode::NO_CONTENT);
    patch(&api, &key, json!({"keyRingID": "ring-b"})).await.refused(409, "KEY_ACTION_INVALID_STATE_ERR");
}

#[tokio::test]
async fn each_role_may_do_with_rings_what_its_row_says() {
    let api = Api::new().await;
    let key = api.root_key().await;
    for (role, may_make, may_remove) in [(READER, false, false), (WRITER, true, false), (MANAGER, true, true)] {
        let token = api.someone(&[role], &[("serviceInstance", &api.instance)]).await.token;
        let body = json!({"keyRingID": "default"});
        let calls = [
            (api.get(RINGS), true),
            (api.post(&format!("{RINGS}/ring-{may_make}-{may_remove}")), may_make),
            (api.delete(&format!("{RINGS}/ring-{may_make}-{may_remove}")), may_remove),
            (api.call(Method::PATCH, &format!("/api/v2/keys/{key}")).json(&body), may_remove),
        ];
        for (index, (call, allowed)) in calls.into_iter().enumerate() {
            let answer = call.token(&token).send().await;
            if allowed {
                assert!(answer.status.is_success(), "{role} call {index}: {}", answer.text);
            } else {
                answer.refused(401, "UNAUTHORIZED_ERR");
            }
        }
    }
}

#[tokio::test]
async fn every_call_leaves_its_event() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let ring = format!("{RINGS}/ring-b");
    let patch = json!({"keyRingID": "ring-b"});
    for (method, path, action, status, severity) in [
        (Method::GET, RINGS, "kms.key-rings.list", 200, "normal"),
        (Method::POST, ring.as_str(), "kms.key-rings.create", 201, "normal"),
        (Method::POST, ring.as_str(), "kms.key-rings.create", 409, "warning"),
        (Method::PATCH, &format!("/api/v2/keys/{key}"), "kms.secrets.patch", 200, "normal"),
        (Method::DELETE, &ring, "kms.key-rings.delete", 409, "warning"),
    ] {
        let answer = api.call(method, path).json(&patch).send().await;
        assert_eq!(answer.status.as_u16(), status, "{action}: {}", answer.text);
        let event = last(&api);
        assert_eq!((&event["action"], &event["severity"]), (&json!(action), &json!(severity)));
        assert_eq!(event["reason"]["reasonCode"], status);
        if action.starts_with("kms.key-rings") && status != 200 {
            assert_eq!(event["requestData"]["keyRingId"], "ring-b");
        }
        if action == "kms.secrets.patch" {
            assert_eq!(event["responseData"]["keyRingId"], "ring-b");
        }
    }
}

#[tokio::test]
async fn access_to_a_ring_does_not_move_keys_out_of_it() {
    let api = Api::new().await;
    make(&api, "ring-b").await.is(StatusCode::CREATED);
    make(&api, "ring-c").await.is(StatusCode::CREATED);
    let (inside, outside) = (key_in(&api, "ring-b").await, key_in(&api, "ring-c").await);
    let attributes = [("serviceInstance", api.instance.as_str()), ("keyRing", "ring-b")];
    let token = api.someone(&[MANAGER], &attributes).await.token;
    let patch = |key: &str, ring: &str| {
        let call = api.call(Method::PATCH, &format!("/api/v2/keys/{key}")).token(&token);
        call.json(&json!({"keyRingID": ring})).send()
    };
    patch(&inside, "ring-b").await.is(StatusCode::OK);
    for (key, ring) in [(&inside, "ring-c"), (&inside, "default"), (&outside, "ring-b")] {
        patch(key, ring).await.refused(401, "UNAUTHORIZED_ERR");
    }
    for call in [api.get(RINGS), api.post(&format!("{RINGS}/ring-d")), api.delete(&format!("{RINGS}/ring-b"))] {
        call.token(&token).send().await.refused(401, "UNAUTHORIZED_ERR");
    }
    assert_eq!(api.get("/api/v2/keys").token(&token).send().await.resource()["id"], inside);
}
