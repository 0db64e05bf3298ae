//! What an instance's policies mean for keys that are about to be made, and `/keys_with_policy_overrides`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    instance_policies::set,
    support::{Api, MANAGER, WRITER, envelope},
};

const PAYLOAD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

async fn enable(api: &Api, kind: &str, attributes: Value) {
    let mut data = json!({"enabled": true});
    if !attributes.is_null() {
        data["attributes"] = attributes;
    }
    set(api, kind, data).await.is(StatusCode::NO_CONTENT);
}

async fn create_with(api: &Api, fields: Value) -> crate::support::Answer {
    api.post("/api/v2/keys_with_policy_overrides").json(&envelope(fields)).send().await
}

#[tokio::test]
async fn new_keys_begin_with_the_policies_of_the_instance() {
    let mut api = Api::new().await;
    let old = api.root_key().await;
    enable(&api, "rotation", json!({"interval_month": 5})).await;
    enable(&api, "dualAuthDelete", Value::Null).await;
    let rotation = json!({"enabled": true, "interval_month": 5});
    for (fields, rotation) in [
        (json!({"name": "generated root key", "extractable": false}), rotation),
        (json!({"name": "imported root key", "extractable": false, "payload": PAYLOAD}), Value::Null),
        (json!({"name": "standard key", "extractable": true}), Value::Null),
    ] {
        let key = api.create(fields).await;
        assert_eq!(key["rotation"], rotation, "{}", key["name"]);
        assert_eq!(key["dualAuthDelete"], json!({"enabled": true}));
        assert!(key.get("lastUpdateDate").is_none(), "it is fresh");
        let path = format!("/api/v2/keys/{}/policies?policy=dualAuthDelete", key["id"].as_str().expect("an id"));
        let policy = api.get(&path).send().await;
        assert_eq!(policy.resource()["createdBy"], key["createdBy"]);
        assert_eq!(policy.resource()["creationDate"], key["creationDate"]);
    }
    let shown = api.get(&format!("/api/v2/keys/{old}/metadata")).send().await;
    assert_eq!(shown.resource()["dualAuthDelete"], json!({"enabled": false}), "keys that exist are left alone");
    api.advance(150 * 86_400).await;
    api.run_due().await;
    assert_eq!(api.events_of("kms.secrets.rotate").len(), 1);

    for kind in ["rotation", "dualAuthDelete"] {
        set(&api, kind, json!({"enabled": false})).await.is(StatusCode::NO_CONTENT);
    }
    let key = api.create(json!({"name": "a root key", "extractable": false})).await;
    assert_eq!((&key["rotation"], &key["dualAuthDelete"]), (&Value::Null, &json!({"enabled": false})));
}

#[tokio::test]
async fn overrides_take_the_place_of_the_instance_policies() {
    let api = Api::new().await;
    enable(&api, "rotation", json!({"interval_month": 5})).await;
    enable(&api, "dualAuthDelete", Value::Null).await;
    let root = |policies: Value| {
        let mut fields = json!({"name": "a root key", "extractable": false});
        fields.as_object_mut().expect("an object").extend(policies.as_object().expect("an object").clone());
        fields
    };
    let three = json!({"interval_month": 3});
    let off = json!({"enabled": false, "interval_month": 2});
    for (policies, rotation, dual_auth, total) in [
        (json!({}), Value::Null, false, 0),
        (json!({"rotation": three}), json!({"enabled": true, "interval_month": 3}), false, 1),
        (json!({"rotation": off}), off, false, 1),
        (json!({"dualAuthDelete": {"enabled": true}}), Value::Null, true, 1),
        (
            json!({"rotation": three, "dualAuthDelete": {"enabled": true}}),
            json!({"enabled": true, "interval_month": 3}),
            true,
            2,
        ),
    ] {
        let made = create_with(&api, root(policies)).await;
        let key = made.is(StatusCode::CREATED).resource();
        assert_eq!(key["rotation"], rotation);
        assert_eq!(key["dualAuthDelete"], json!({"enabled": dual_auth}));
        assert!(key.get("lastUpdateDate").is_none());
        let path = format!("/api/v2/keys/{}/policies", key["id"].as_str().expect("an id"));
        assert_eq!(api.get(&path).send().await.json["metadata"]["collectionTotal"], total);
    }
    let event = api.events_of("kms.secrets-with-policy-overrides.create").pop().expect("an event");
    assert_eq!((&event["outcome"], &event["severity"]), (&json!("success"), &json!("normal")));
}

#[tokio::test]
async fn overrides_keep_to_the_rules_of_policies() {
    let api = Api::new().await;
    let three = json!({"interval_month": 3});
    let standard = json!({"name": "a key", "extractable": true, "rotation": three});
    let answer = create_with(&api, standard).await;
    answer.refused(400, "KEY_ROOT_REQ_ERR");
    let message = answer.json["resources"][0]["errorMsg"].as_str().expect("a message");
    assert!(message.starts_with("Bad Request: Key could not be created: "), "{message}");
    let imported = json!({"name": "a key", "extractable": false, "payload": PAYLOAD, "rotation": three});
    create_with(&api, imported).await.refused_for(400, "INVALID_FIELD_ERR", "field", "rotation");
    for months in [json!({"interval_month": -1}), json!({"enabled": true}), json!({})] {
        let fields = json!({"name": "a key", "extractable": false, "rotation": months});
        create_with(&api, fields).await.refused_for(400, "INVALID_FIELD_ERR", "field", "interval_month");
    }
    let dual_auth = json!({"name": "a key", "extractable": false, "dualAuthDelete": {}});
    create_with(&api, dual_auth).await.refused_for(400, "INVALID_FIELD_ERR", "field", "enabled");
    api.post("/api/v2/keys_with_policy_overrides").send().await.refused(400, "NO_BODY_ERR");
    let nameless = json!({"extractable": false});
    create_with(&api, nameless).await.refused_for(400, "INVALID_FIELD_ERR", "field", "name");
    let plain = api.post("/api/v2/keys");
    let misplaced = envelope(json!({"name": "a key", "extractable": false, "rotation": three}));
    plain.json(&misplaced).send().await.refused(400, "BAD_BODY_ERR");
    assert_eq!(api.get("/api/v2/keys").send().await.json["metadata"]["collectionTotal"], 0);
}

#[tokio::test]
async fn overrides_are_for_managers() {
    let api = Api::new().await;
    let body = envelope(json!({"name": "a key", "extractable": false}));
    for (role, status) in [(MANAGER, 201), (WRITER, 401)] {
        let token = api.someone(&[role], &[]).await.token;
        let answer = api.post("/api/v2/keys_with_policy_overrides").token(&token).json(&body).send().await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    }
}

#[tokio::test]
async fn an_instance_says_which_keys_may_be_made_in_it() {
    let api = Api::new().await;
    let kinds = [
        ("create_root_key", json!({"name": "a key", "extractable": false})),
        ("create_standard_key", json!({"name": "a key", "extractable": true})),
        ("import_root_key", json!({"name": "a key", "extractable": false, "payload": PAYLOAD})),
        ("import_standard_key", json!({"name": "a key", "extractable": true, "payload": PAYLOAD})),
    ];
    for (forbidden, _) in &kinds {
        enable(&api, "keyCreateImportAccess", json!({*forbidden: false})).await;
        for (kind, fields) in &kinds {
            for path in ["/api/v2/keys", "/api/v2/keys_with_policy_overrides"] {
                let answer = api.post(path).json(&envelope(fields.clone())).send().await;
                if kind == forbidden {
                    answer.refused(409, "KEY_CREATE_IMPORT_ACCESS_ERR");
                } else {
                    answer.is(StatusCode::CREATED);
                }
            }
        }
    }
    enable(&api, "keyCreateImportAccess", json!({"enforce_token": true})).await;
    for (kind, fields) in &kinds {
        let answer = api.post("/api/v2/keys").json(&envelope(fields.clone())).send().await;
        if *kind == "import_root_key" {
            answer.refused(409, "KEY_CREATE_IMPORT_ACCESS_ERR");
        } else {
            answer.is(StatusCode::CREATED);
        }
    }
    set(&api, "keyCreateImportAccess", json!({"enabled": false})).await.is(StatusCode::NO_CONTENT);
    for (_, fields) in kinds {
        api.create(fields).await;
    }
}
