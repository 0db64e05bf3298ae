//! `/keys/{id}/policies`, and deletion that takes two people.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Api, MANAGER, READER, WRITER};

const POLICY_TYPE: &str = "application/vnd.ibm.kms.policy+json";

fn collection(resources: &[Value]) -> Value {
    let total = resources.len();
    json!({"metadata": {"collectionType": POLICY_TYPE, "collectionTotal": total}, "resources": resources})
}

async fn put(api: &Api, key: &str, query: &str, body: &Value) -> Answer {
    api.call(Method::PUT, &format!("/api/v2/keys/{key}/policies{query}")).json(body).send().await
}

async fn set(api: &Api, key: &str, policy: Value) -> Answer {
    put(api, key, "", &collection(&[policy])).await
}

async fn policies(api: &Api, key: &str, query: &str) -> Value {
    api.get(&format!("/api/v2/keys/{key}/policies{query}")).send().await.is(StatusCode::OK).json.clone()
}

async fn metadata(api: &Api, key: &str) -> Value {
    api.get(&format!("/api/v2/keys/{key}/metadata")).send().await.resource().clone()
}

fn last_event(api: &Api) -> Value {
    api.events().pop().expect("an event")
}

#[tokio::test]
async fn a_new_key_has_no_policies() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let none = json!({"metadata": {"collectionType": POLICY_TYPE, "collectionTotal": 0}, "resources": []});
    for query in ["", "?policy=rotation", "?policy=dualAuthDelete"] {
        assert_eq!(policies(&api, &id, query).await, none, "{query}");
    }
    let key = metadata(&api, &id).await;
    assert_eq!(key["dualAuthDelete"], json!({"enabled": false}));
    assert!(key.get("rotation").is_none());
    assert!(key.get("lastUpdateDate").is_none());
}

#[tokio::test]
async fn both_policies_are_set_together_and_shown_with_who_set_them() {
    let mut api = Api::new().await;
    let id = api.root_key().await;
    let both = collection(&[json!({"rotation": {"interval_month": 3}}), json!({"dualAuthDelete": {"enabled": false}})]);
    let answer = put(&api, &id, "", &both).await;
    answer.is(StatusCode::OK);
    assert_eq!(policies(&api, &id, "").await, answer.json);
    let admin = metadata(&api, &id).await["createdBy"].clone();
    assert_eq!(answer.json["metadata"], json!({"collectionType": POLICY_TYPE, "collectionTotal": 2}));
    let [rotation, dual_auth] = [0, 1].map(|index| answer.json["resources"][index].clone());
    let instance = format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}", api.account, api.instance);
    for policy in [&rotation, &dual_auth] {
        assert_eq!(policy["type"], POLICY_TYPE);
        let crn = format!("{instance}:policy:{}", policy["id"].as_str().expect("an id"));
        assert_eq!(policy["crn"], crn);
        assert_eq!(policy["creationDate"], "2026-01-10T09:00:00Z");
        assert_eq!(policy["lastUpdateDate"], "2026-01-10T09:00:00Z");
        assert_eq!((&policy["createdBy"], &policy["updatedBy"]), (&admin, &admin));
    }
    assert_ne!(rotation["id"], dual_auth["id"]);
    assert_eq!(rotation["rotation"], json!({"enabled": true, "interval_month": 3}));
    assert_eq!(dual_auth["dualAuthDelete"], json!({"enabled": false}));
    let key = metadata(&api, &id).await;
    assert_eq!(key["rotation"], json!({"enabled": true, "interval_month": 3}));
    assert_eq!(key["lastUpdateDate"], "2026-01-10T09:00:00Z");
    assert_eq!(api.get("/api/v2/keys").send().await.resource()["rotation"], key["rotation"]);

    api.advance(60).await;
    let someone = api.someone(&[MANAGER], &[]).await;
    let body = collection(&[json!({"type": POLICY_TYPE, "rotation": {"interval_month": 12}})]);
    let call = api.call(Method::PUT, &format!("/api/v2/keys/{id}/policies?policy=rotation")).token(&someone.token);
    let changed = call.json(&body).send().await;
    changed.is(StatusCode::OK);
    assert_eq!(changed.resource()["id"], rotation["id"]);
    assert_eq!(changed.resource()["creationDate"], "2026-01-10T09:00:00Z");
    assert_eq!(changed.resource()["lastUpdateDate"], "2026-01-10T09:01:00Z");
    assert_eq!((&changed.resource()["createdBy"], &changed.resource()["updatedBy"]), (&admin, &json!(someone.iam_id)));
    assert_eq!(policies(&api, &id, "?policy=rotation").await, changed.json);
    assert_eq!(policies(&api, &id, "?policy=dualAuthDelete").await["resources"][0], dual_auth);
}

#[tokio::test]
async fn switching_a_rotation_policy_off_and_on_keeps_its_interval() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let rotation = |fields: Value| json!({"rotation": fields});
    set(&api, &id, rotation(json!({"enabled": true}))).await.refused_for(
        400,
        "INVALID_FIELD_ERR",
        "field",
        "interval_month",
    );
    for (fields, shown) in [
        (json!({"enabled": false, "interval_month": 5}), json!({"enabled": false, "interval_month": 5})),
        (json!({"enabled": true}), json!({"enabled": true, "interval_month": 5})),
        (json!({"enabled": false}), json!({"enabled": false, "interval_month": 5})),
        (json!({}), json!({"enabled": true, "interval_month": 5})),
        (json!({"interval_month": 1}), json!({"enabled": true, "interval_month": 1})),
    ] {
        let answer = set(&api, &id, rotation(fields)).await;
        assert_eq!(answer.is(StatusCode::OK).resource()["rotation"], shown);
    }
    for outside in [json!(0), json!(13), json!(-1), json!(1_000_000)] {
        let answer = set(&api, &id, rotation(json!({"interval_month": outside}))).await;
        answer.refused_for(400, "INVALID_FIELD_ERR", "field", "interval_month");
    }
    assert_eq!(metadata(&api, &id).await["rotation"], json!({"enabled": true, "interval_month": 1}));
}

#[tokio::test]
async fn only_generated_root_keys_rotate_by_policy() {
    let api = Api::new().await;
    let payload = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let rotation = json!({"rotation": {"interval_month": 3}});
    let standard = api.create(json!({"name": "a key", "extractable": true})).await;
    let id = standard["id"].as_str().expect("an id");
    set(&api, id, rotation.clone()).await.refused(400, "KEY_ROOT_REQ_ERR");
    set(&api, id, json!({"dualAuthDelete": {"enabled": true}})).await.is(StatusCode::OK);
    let imported = api.create(json!({"name": "a key", "extractable": false, "payload": payload})).await;
    let id = imported["id"].as_str().expect("an id");
    set(&api, id, rotation).await.refused_for(400, "INVALID_FIELD_ERR", "field", "rotation");
    assert_eq!(policies(&api, id, "").await["metadata"]["collectionTotal"], 0);
}

#[tokio::test]
async fn what_is_not_a_collection_of_policies_is_refused() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let rotation = json!({"rotation": {"interval_month": 3}});
    let dual_auth = json!({"dualAuthDelete": {"enabled": true}});
    let mut miscounted = collection(std::slice::from_ref(&rotation));
    miscounted["metadata"]["collectionTotal"] = json!(2);
    let bare = json!({"resources": [rotation]});
    let together = json!({"rotation": {"interval_month": 3}, "dualAuthDelete": {"enabled": true}});
    let both = collection(&[rotation.clone(), dual_auth.clone()]);
    let twice = collection(&[rotation.clone(), rotation.clone()]);
    let three = collection(&[rotation.clone(), dual_auth.clone(), dual_auth.clone()]);
    for (query, body, code) in [
        ("", Value::Null, "NO_BODY_ERR"),
        ("", json!({}), "NO_BODY_ERR"),
        ("", json!([]), "BAD_BODY_ERR"),
        ("", bare, "BAD_BODY_ERR"),
        ("", miscounted, "COLLECTION_TOTAL_MISMATCH_ERR"),
        ("", collection(&[]), "NUM_COLLECTION_RESOURCE_ERR"),
        ("", twice, "NUM_COLLECTION_RESOURCE_ERR"),
        ("", three, "NUM_COLLECTION_RESOURCE_ERR"),
        ("", collection(&[json!({})]), "BAD_BODY_ERR"),
        ("", collection(&[together]), "BAD_BODY_ERR"),
        ("", collection(&[json!({"rotation": {"interval_month": "3"}})]), "BAD_BODY_ERR"),
        ("?policy=rotation", both, "NUM_COLLECTION_RESOURCE_ERR"),
        ("?policy=rotation", collection(&[dual_auth]), "BODY_QUERY_PARAM_MISMATCH_ERR"),
        ("?policy=dualAuthDelete", collection(std::slice::from_ref(&rotation)), "BODY_QUERY_PARAM_MISMATCH_ERR"),
    ] {
        let answer = put(&api, &id, query, &body).await;
        answer.refused(400, code);
        let message = answer.json["resources"][0]["errorMsg"].as_str().expect("a message");
        assert!(message.starts_with("Bad Request: Policies could not be updated: "), "{message}");
    }
    let answer = set(&api, &id, json!({"dualAuthDelete": {}})).await;
    answer.refused_for(400, "INVALID_FIELD_ERR", "field", "enabled");
    let answer = put(&api, &id, "?policy=metrics", &collection(&[rotation])).await;
    answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "policy");
    let answer = api.get(&format!("/api/v2/keys/{id}/policies?policy=metrics")).send().await;
    answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "policy");
    assert_eq!(policies(&api, &id, "").await["metadata"]["collectionTotal"], 0);
    api.get("/api/v2/keys/nobody/policies").send().await.refused(404, "KEY_NOT_FOUND_ERR");
    set(&api, "nobody", json!({"dualAuthDelete": {"enabled": true}})).await.refused(404, "KEY_NOT_FOUND_ERR");
}

#[tokio::test]
async fn of_two_policies_in_one_request_both_or_none_is_set() {
    let api = Api::new().await;
    let standard = api.create(json!({"name": "a key", "extractable": true})).await;
    let id = standard["id"].as_str().expect("an id");
    let body = collection(&[json!({"dualAuthDelete": {"enabled": true}}), json!({"rotation": {"interval_month": 3}})]);
    put(&api, id, "", &body).await.refused(400, "KEY_ROOT_REQ_ERR");
    assert_eq!(policies(&api, id, "").await["metadata"]["collectionTotal"], 0);
}

#[tokio::test]
async fn policies_of_a_deleted_key_can_be_read_only() {
    let api = Api::new().await;
    let id = api.root_key().await;
    set(&api, &id, json!({"rotation": {"interval_month": 3}})).await.is(StatusCode::OK);
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
    set(&api, &id, json!({"rotation": {"interval_month": 4}})).await.refused(410, "KEY_DELETED_ERR");
    assert_eq!(policies(&api, &id, "").await["resources"][0]["rotation"]["interval_month"], 3);
}

#[tokio::test]
async fn policies_are_for_managers_and_consent_to_deletion_is_for_writers() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let policy = collection(&[json!({"dualAuthDelete": {"enabled": true}})]);
    let path = format!("/api/v2/keys/{id}/policies");
    let consent = format!("/api/v2/keys/{id}/actions/setKeyForDeletion");
    let withdrawal = format!("/api/v2/keys/{id}/actions/unsetKeyForDeletion");
    for (role, may_write, may_consent) in [(MANAGER, true, true), (WRITER, false, true), (READER, false, false)] {
        let token = api.someone(&[role], &[]).await.token;
        let put = api.call(Method::PUT, &path).token(&token).json(&policy).send().await;
        let get = api.get(&path).token(&token).send().await;
        let set = api.post(&consent).token(&token).send().await;
        let unset = api.post(&withdrawal).token(&token).send().await;
        for (answer, allowed) in [(put, may_write), (get, may_write), (set, may_consent), (unset, may_consent)] {
            if allowed {
                assert!(answer.status.is_success(), "{role}: {}", answer.text);
            } else {
                answer.refused(401, "UNAUTHORIZED_ERR");
            }
        }
    }
}

#[tokio::test]
async fn a_policy_change_is_recorded_with_what_was_and_what_is() {
    let api = Api::new().await;
    let id = api.root_key().await;
    set(&api, &id, json!({"rotation": {"interval_month": 3}})).await.is(StatusCode::OK);
    let event = last_event(&api);
    assert_eq!((&event["action"], &event["severity"]), (&json!("kms.policies.write"), &json!("warning")));
    assert_eq!(event["requestData"]["initialValue"], json!({}));
    assert_eq!(event["requestData"]["newValue"], json!({"rotation": {"enabled": true, "interval_month": 3}}));
    assert!(event["target"]["id"].as_str().expect("a CRN").ends_with(&format!(":key:{id}")));

    set(&api, &id, json!({"dualAuthDelete": {"enabled": true}})).await.is(StatusCode::OK);
    let event = last_event(&api);
    assert_eq!(event["requestData"]["initialValue"], json!({"rotation": {"enabled": true, "interval_month": 3}}));
    assert_eq!(event["requestData"]["newValue"]["dualAuthDelete"], json!({"enabled": true}));

    policies(&api, &id, "").await;
    let event = last_event(&api);
    assert_eq!((&event["action"], &event["severity"]), (&json!("kms.policies.read"), &json!("normal")));
    for action in ["setKeyForDeletion", "unsetKeyForDeletion"] {
        api.act(&id, action, Value::Null).await.is(StatusCode::NO_CONTENT);
        let event = last_event(&api);
        assert_eq!(event["action"], format!("kms.secrets.{}", action.to_lowercase()));
        assert_eq!(event["severity"], "warning");
    }
}

/// A key under dual authorization, and a second manager.
async fn guarded(api: &Api) -> (String, String) {
    let id = api.root_key().await;
    set(api, &id, json!({"dualAuthDelete": {"enabled": true}})).await.is(StatusCode::OK);
    (id, api.someone(&[MANAGER], &[]).await.token)
}

#[tokio::test]
async fn dual_authorization_cannot_be_turned_off() {
    let api = Api::new().await;
    let (id, _) = guarded(&api).await;
    let answer = set(&api, &id, json!({"dualAuthDelete": {"enabled": false}})).await;
    answer.refused(409, "DUAL_AUTH_STAYS_ERR");
    set(&api, &id, json!({"dualAuthDelete": {"enabled": true}})).await.is(StatusCode::OK);
    assert_eq!(metadata(&api, &id).await["dualAuthDelete"], json!({"enabled": true}));
}

#[tokio::test]
async fn a_guarded_key_is_deleted_by_two_people() {
    let mut api = Api::new().await;
    let (id, _) = guarded(&api).await;
    let path = format!("/api/v2/keys/{id}");
    let alone = api.delete(&path).send().await;
    alone.refused(409, "AUTHORIZATIONS_NOT_MET");
    assert_eq!(last_event(&api)["severity"], "warning");

    api.act(&id, "setKeyForDeletion", Value::Null).await.is(StatusCode::NO_CONTENT);
    let key = metadata(&api, &id).await;
    assert_eq!(key["state"], 1, "the key stays active");
    let pending = json!({"enabled": true, "keySetForDeletion": true, "authExpiration": "2026-01-17T09:00:00Z"});
    assert_eq!(key["dualAuthDelete"], pending);
    api.act(&id, "wrap", json!({})).await.is(StatusCode::OK);
    api.delete(&path).send().await.refused(409, "AUTHORIZATIONS_NOT_MET");

    let second = api.someone(&[MANAGER], &[]).await.token;
    api.delete(&path).token(&second).send().await.is(StatusCode::NO_CONTENT);
    assert_eq!(metadata(&api, &id).await["state"], 5);
    api.act(&id, "setKeyForDeletion", Value::Null).await.refused(410, "KEY_DELETED_ERR");
    api.act(&id, "unsetKeyForDeletion", Value::Null).await.refused(410, "KEY_DELETED_ERR");

    api.advance(31).await;
    api.post(&format!("{path}/restore")).send().await.is(StatusCode::CREATED);
    assert_eq!(metadata(&api, &id).await["dualAuthDelete"], json!({"enabled": true}), "the consent was used up");
    let second = api.someone(&[MANAGER], &[]).await.token;
    api.delete(&path).token(&second).send().await.refused(409, "AUTHORIZATIONS_NOT_MET");
}

#[tokio::test]
async fn consent_to_a_deletion_ends_after_seven_days_or_when_withdrawn() {
    let mut api = Api::new().await;
    let (id, second) = guarded(&api).await;
    let path = format!("/api/v2/keys/{id}");
    api.act(&id, "unsetKeyForDeletion", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.act(&id, "setKeyForDeletion", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.act(&id, "unsetKeyForDeletion", Value::Null).await.is(StatusCode::NO_CONTENT);
    assert_eq!(metadata(&api, &id).await["dualAuthDelete"], json!({"enabled": true}));
    api.delete(&path).token(&second).send().await.refused(409, "AUTHORIZATIONS_NOT_MET");

    api.act(&id, "setKeyForDeletion", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.advance(7 * 86_400).await;
    assert_eq!(metadata(&api, &id).await["dualAuthDelete"], json!({"enabled": true}));
    let second = api.someone(&[MANAGER], &[]).await.token;
    api.delete(&path).token(&second).send().await.refused(409, "AUTHORIZATIONS_NOT_MET");

    api.act(&id, "setKeyForDeletion", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.advance(7 * 86_400 - 1).await;
    let second = api.someone(&[MANAGER], &[]).await.token;
    api.delete(&path).token(&second).send().await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn consent_is_for_keys_under_dual_authorization() {
    let api = Api::new().await;
    let id = api.root_key().await;
    for action in ["setKeyForDeletion", "unsetKeyForDeletion"] {
        let answer = api.act(&id, action, Value::Null).await;
        answer.refused(409, "NOT_DUAL_AUTH_ERR");
        let message = answer.json["resources"][0]["errorMsg"].as_str().expect("a message");
        assert!(message.starts_with("Conflict: Action could not be performed on key: "), "{message}");
    }
    set(&api, &id, json!({"dualAuthDelete": {"enabled": false}})).await.is(StatusCode::OK);
    api.act(&id, "setKeyForDeletion", Value::Null).await.refused(409, "NOT_DUAL_AUTH_ERR");
    api.delete(&format!("/api/v2/keys/{id}")).send().await.is(StatusCode::NO_CONTENT);
}
