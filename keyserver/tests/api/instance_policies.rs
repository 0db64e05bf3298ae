//! `/instance/policies`: how they are set, shown and recorded.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Api, MANAGER, WRITER};

const POLICY_TYPE: &str = "application/vnd.ibm.kms.policy+json";

/// A body with these policies.
pub(super) fn collection(policies: &[Value]) -> Value {
    let total = policies.len();
    json!({"metadata": {"collectionType": POLICY_TYPE, "collectionTotal": total}, "resources": policies})
}

fn policy(kind: &str, data: Value) -> Value {
    json!({"policy_type": kind, "policy_data": data})
}

async fn put(api: &Api, query: &str, body: &Value) -> Answer {
    api.call(Method::PUT, &format!("/api/v2/instance/policies{query}")).json(body).send().await
}

/// Sets one policy of the instance.
pub(super) async fn set(api: &Api, kind: &str, data: Value) -> Answer {
    put(api, &format!("?policy={kind}"), &collection(&[policy(kind, data)])).await
}

async fn get(api: &Api, query: &str) -> Value {
    api.get(&format!("/api/v2/instance/policies{query}")).send().await.is(StatusCode::OK).json.clone()
}

#[tokio::test]
async fn a_new_instance_has_no_policies() {
    let api = Api::new().await;
    let none = collection(&[]);
    for query in ["", "?policy=metrics"] {
        assert_eq!(get(&api, query).await, none, "{query}");
    }
}

#[tokio::test]
async fn every_policy_is_set_and_shown_with_its_attributes() {
    let api = Api::new().await;
    let access = json!({
        "create_root_key": true, "create_standard_key": false, "import_root_key": true, "import_standard_key": true,
        "enforce_token": false,
    });
    let rows = [
        ("allowedNetwork", json!({"allowed_network": "public-and-private"}), None),
        ("dualAuthDelete", Value::Null, None),
        ("keyCreateImportAccess", json!({"create_standard_key": false}), Some(access)),
        ("metrics", Value::Null, None),
        ("rotation", json!({"interval_month": 12}), None),
    ];
    for (kind, attributes, shown) in &rows {
        let mut data = json!({"enabled": true});
        if !attributes.is_null() {
            data["attributes"] = attributes.clone();
        }
        let answer = set(&api, kind, data).await;
        assert!(answer.is(StatusCode::NO_CONTENT).text.is_empty());
        let policy = get(&api, &format!("?policy={kind}")).await["resources"][0].clone();
        assert_eq!(policy["policy_type"], *kind);
        assert_eq!(policy["policy_data"]["enabled"], true);
        let shown = shown.clone().unwrap_or_else(|| attributes.clone());
        assert_eq!(policy["policy_data"]["attributes"], shown, "{kind}");
        assert_eq!(policy["creationDate"], "2026-01-10T09:00:00Z");
        assert_eq!(policy["lastUpdated"], "2026-01-10T09:00:00Z");
        assert!(policy["createdBy"].as_str().expect("an id").starts_with("iam-ServiceId-"));
        assert_eq!(policy["createdBy"], policy["updatedBy"]);
    }
    let all = get(&api, "").await;
    assert_eq!(all["metadata"], json!({"collectionType": POLICY_TYPE, "collectionTotal": 5}));
    let api = api.restart().await;
    assert_eq!(get(&api, "").await, all);
}

#[tokio::test]
async fn several_policies_are_set_together_and_switching_one_off_forgets_its_attributes() {
    let mut api = Api::new().await;
    let on = [
        policy("rotation", json!({"enabled": true, "attributes": {"interval_month": 3}})),
        policy("dualAuthDelete", json!({"enabled": true})),
        policy("allowedNetwork", json!({"enabled": true, "attributes": {"allowed_network": "public-and-private"}})),
    ];
    put(&api, "", &collection(&on)).await.is(StatusCode::NO_CONTENT);
    let created = get(&api, "?policy=rotation").await["resources"][0].clone();
    api.advance(60).await;
    let someone = api.someone(&[MANAGER], &[]).await;
    let off = [
        policy("rotation", json!({"enabled": false, "attributes": {}})),
        policy("allowedNetwork", json!({"enabled": false, "attributes": {"allowed_network": "private-only"}})),
    ];
    let call = api.call(Method::PUT, "/api/v2/instance/policies").token(&someone.token);
    call.json(&collection(&off)).send().await.is(StatusCode::NO_CONTENT);
    for kind in ["rotation", "allowedNetwork"] {
        let policy = get(&api, &format!("?policy={kind}")).await["resources"][0].clone();
        assert_eq!(policy["policy_data"], json!({"enabled": false}));
        assert_eq!(policy["creationDate"], created["creationDate"]);
        assert_eq!(policy["createdBy"], created["createdBy"]);
        assert_eq!(policy["lastUpdated"], "2026-01-10T09:01:00Z");
        assert_eq!(policy["updatedBy"], someone.iam_id);
    }
    assert_eq!(get(&api, "?policy=dualAuthDelete").await["resources"][0]["policy_data"], json!({"enabled": true}));
}

#[tokio::test]
async fn a_body_that_is_not_exactly_the_policies_meant_is_refused() {
    let api = Api::new().await;
    let metrics = policy("metrics", json!({"enabled": true}));
    let dual_auth = policy("dualAuthDelete", json!({"enabled": true}));
    let mut miscounted = collection(std::slice::from_ref(&metrics));
    miscounted["metadata"]["collectionTotal"] = json!(3);
    let mut extra_in_envelope = collection(std::slice::from_ref(&metrics));
    extra_in_envelope["extra"] = json!(1);
    let mut extra_in_policy = metrics.clone();
    extra_in_policy["extra"] = json!(1);
    let one = |kind: &str, data: Value| collection(&[policy(kind, data)]);
    let rows = [
        ("", Value::Null, "NO_BODY_ERR"),
        ("", json!({"resources": [metrics]}), "BAD_BODY_ERR"),
        ("", miscounted, "COLLECTION_TOTAL_MISMATCH_ERR"),
        ("", collection(&[]), "NUM_COLLECTION_RESOURCE_ERR"),
        ("", collection(&[metrics.clone(), metrics.clone()]), "NUM_COLLECTION_RESOURCE_ERR"),
        ("?policy=metrics", collection(&[]), "NUM_COLLECTION_RESOURCE_ERR"),
        ("?policy=metrics", collection(&[metrics.clone(), dual_auth.clone()]), "NUM_COLLECTION_RESOURCE_ERR"),
        ("?policy=metrics", collection(&[dual_auth]), "BODY_QUERY_PARAM_MISMATCH_ERR"),
        ("", extra_in_envelope, "BAD_BODY_ERR"),
        ("", collection(&[extra_in_policy]), "BAD_BODY_ERR"),
        ("", one("metrics", json!({"enabled": true, "extra": 1})), "BAD_BODY_ERR"),
        ("", one("metrics", json!({"enabled": true, "attributes": {}})), "BAD_BODY_ERR"),
        ("", one("dualAuthDelete", json!({"enabled": false, "attributes": {"interval_month": 3}})), "BAD_BODY_ERR"),
        ("", one("rotation", json!({"enabled": true, "attributes": {"interval_months": 3}})), "BAD_BODY_ERR"),
        ("", one("rotation", json!({"enabled": true, "attributes": {"interval_month": "3"}})), "BAD_BODY_ERR"),
        (
            "",
            one("allowedIP", json!({"enabled": true, "attributes": {"allowed_network": "private-only"}})),
            "BAD_BODY_ERR",
        ),
        ("", one("keyCreateImportAccess", json!({"enabled": true, "attributes": {"create": true}})), "BAD_BODY_ERR"),
        ("", one("allowedNetwork", json!({"enabled": false, "attributes": {"allowed_ip": []}})), "BAD_BODY_ERR"),
    ];
    for (query, body, code) in rows {
        let answer = put(&api, query, &body).await;
        answer.refused(400, code);
        let message = answer.json["resources"][0]["errorMsg"].as_str().expect("a message");
        assert!(message.starts_with("Bad Request: Instance policy could not be created: "), "{message}");
    }
    assert_eq!(get(&api, "").await, collection(&[]));
}

#[tokio::test]
async fn an_attribute_outside_its_rule_is_refused_by_name() {
    let api = Api::new().await;
    let rows = [
        ("rotation", json!({"enabled": true, "attributes": {"interval_month": 0}}), "interval_month"),
        ("rotation", json!({"enabled": true, "attributes": {"interval_month": 13}}), "interval_month"),
        ("rotation", json!({"enabled": true, "attributes": {}}), "interval_month"),
        ("rotation", json!({"enabled": true}), "attributes"),
        ("rotation", json!({"enabled": true, "attributes": null}), "attributes"),
        ("rotation", json!({"enabled": false, "attributes": {"interval_month": 3}}), "attributes"),
        ("keyCreateImportAccess", json!({"enabled": true}), "attributes"),
        ("keyCreateImportAccess", json!({"enabled": false, "attributes": {"enforce_token": true}}), "attributes"),
        ("allowedIP", json!({"enabled": true}), "attributes"),
        ("allowedIP", json!({"enabled": false, "attributes": {"allowed_ip": ["192.0.2.0/24"]}}), "attributes"),
        ("allowedIP", json!({"enabled": true, "attributes": {}}), "allowed_ip"),
        ("allowedIP", json!({"enabled": true, "attributes": {"allowed_ip": []}}), "allowed_ip"),
        ("allowedIP", json!({"enabled": true, "attributes": {"allowed_ip": ["192.0.2.1"]}}), "allowed_ip"),
        ("allowedIP", json!({"enabled": true, "attributes": {"allowed_ip": ["192.0.2.0/33"]}}), "allowed_ip"),
        ("allowedIP", json!({"enabled": true, "attributes": {"allowed_ip": vec!["192.0.2.0/24"; 1001]}}), "allowed_ip"),
        ("allowedNetwork", json!({"enabled": true}), "allowed_network"),
        ("allowedNetwork", json!({"enabled": true, "attributes": {"allowed_network": "public"}}), "allowed_network"),
        ("metrics", json!({}), "enabled"),
    ];
    for (kind, data, name) in rows {
        set(&api, kind, data).await.refused_for(400, "INVALID_FIELD_ERR", "field", name);
    }
    let unknown = collection(&[policy("color", json!({"enabled": true}))]);
    put(&api, "", &unknown).await.refused_for(400, "INVALID_FIELD_ERR", "field", "policy_type");
    let nameless = collection(&[json!({"policy_data": {"enabled": true}})]);
    put(&api, "", &nameless).await.refused_for(400, "INVALID_FIELD_ERR", "field", "policy_type");
    let empty = collection(&[json!({"policy_type": "metrics"})]);
    put(&api, "", &empty).await.refused_for(400, "INVALID_FIELD_ERR", "field", "policy_data");
    put(&api, "?policy=color", &unknown).await.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "policy");
    let answer = api.get("/api/v2/instance/policies?policy=color").send().await;
    answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "policy");
    assert_eq!(get(&api, "").await, collection(&[]));
}

#[tokio::test]
async fn policies_of_an_instance_are_for_managers_of_all_of_it() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let own = [("serviceInstance", api.instance.as_str())];
    let one_key = [own[0], ("resourceType", "key"), ("resource", key.as_str())];
    let body = collection(&[policy("metrics", json!({"enabled": true}))]);
    for (role, attributes, allowed) in
        [(MANAGER, &[][..], true), (MANAGER, &own, true), (MANAGER, &one_key, false), (WRITER, &[], false)]
    {
        let token = api.someone(&[role], attributes).await.token;
        let put = api.call(Method::PUT, "/api/v2/instance/policies").token(&token).json(&body).send().await;
        let get = api.get("/api/v2/instance/policies").token(&token).send().await;
        for answer in [put, get] {
            if allowed {
                assert!(answer.status.is_success(), "{}", answer.text);
            } else {
                answer.refused(401, "UNAUTHORIZED_ERR");
            }
        }
    }
}

#[tokio::test]
async fn a_change_of_an_instance_is_recorded_with_what_was_and_what_is() {
    let api = Api::new().await;
    set(&api, "rotation", json!({"enabled": true, "attributes": {"interval_month": 3}})).await;
    let both = [
        policy("rotation", json!({"enabled": false})),
        policy("keyCreateImportAccess", json!({"enabled": true, "attributes": {"enforce_token": true}})),
    ];
    put(&api, "", &collection(&both)).await.is(StatusCode::NO_CONTENT);
    let event = api.events_of("kms.instance-policies.write").pop().expect("an event");
    assert_eq!((&event["outcome"], &event["severity"]), (&json!("success"), &json!("warning")));
    let crn = format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}::", api.account, api.instance);
    assert_eq!(event["target"]["id"], crn);
    assert_eq!(
        event["requestData"]["initialValue"],
        json!({"rotation": {"enabled": true, "interval_month": 3}}),
        "of the policies that change"
    );
    let access = json!({
        "enabled": true, "create_root_key": true, "create_standard_key": true, "import_root_key": true,
        "import_standard_key": true, "enforce_token": true,
    });
    assert_eq!(
        event["requestData"]["newValue"],
        json!({"rotation": {"enabled": false}, "keyCreateImportAccess": access})
    );
    get(&api, "").await;
    assert_eq!(api.events_of("kms.instance-policies.read").pop().expect("an event")["severity"], "normal");
}
