//! Service instances: ordered, found, changed, deleted, restored.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    support::{Api, MANAGER, envelope, objects::OBJECTS},
    support_iam::VIEWER,
};

const TIERED: &str = "eedd3585-90c6-4c8f-be3d-062069e99fc3";
const RESILIENT: &str = "4e853ad3-5820-49c7-8d07-a179fb15b9ee";
const LITE: &str = "2b1f4f0e-7f0b-4f43-9c39-61f2a9b7c801";
const STANDARD: &str = "7c9a5d52-0d8e-4c1b-8a76-3de5b40f9c02";
const PREMIUM: &str = "d0e36c1a-94b7-4f6d-b2c8-58a1f7e24d03";
const PATH: &str = "/v2/resource_instances";

const GROUP: &str = "0be5ad401ae913d8ff665d92680664ed";

fn order(name: &str, plan: &str) -> Value {
    json!({"name": name, "target": "us-south", "resource_group": GROUP, "resource_plan_id": plan})
}

async fn make(api: &Api, body: &Value) -> Value {
    api.post(PATH).json(body).send().await.is(StatusCode::CREATED).json.clone()
}

fn path_of(instance: &Value) -> String {
    format!("{PATH}/{}", instance["guid"].as_str().expect("a GUID"))
}

#[tokio::test]
async fn a_key_protect_instance_is_made_and_holds_keys_of_its_own() {
    let api = Api::new().await;
    let made = make(&api, &order("more keys", TIERED)).await;
    let guid = made["guid"].as_str().expect("a GUID");
    let crn = format!("crn:v1:bluemix:public:kms:us-south:a/{}:{guid}::", api.account);
    assert_eq!((made["crn"].as_str(), made["id"].as_str()), (Some(&*crn), Some(&*crn)));
    for (field, expected) in [
        ("name", json!("more keys")),
        ("state", json!("active")),
        ("type", json!("service_instance")),
        ("sub_type", json!("kms")),
        ("region_id", json!("us-south")),
        ("account_id", json!(api.account)),
        ("resource_plan_id", json!(TIERED)),
        ("resource_group_id", json!("0be5ad401ae913d8ff665d92680664ed")),
        ("locked", json!(false)),
        ("allow_cleanup", json!(false)),
        ("created_at", json!("2026-01-10T09:00:00Z")),
        ("parameters", json!({})),
        ("extensions", json!({})),
    ] {
        assert_eq!(made[field], expected, "{field}");
    }
    assert_eq!(made["last_operation"]["type"], "create");
    assert_eq!(made["last_operation"]["state"], "succeeded");

    let new = envelope(json!({"name": "first", "extractable": false}));
    let there = |method| api.call(method, "/api/v2/keys").header("bluemix-instance", guid);
    let key = there(Method::POST).json(&new).send().await.is(StatusCode::CREATED).json.clone();
    assert!(key["resources"][0]["crn"].as_str().expect("a CRN").starts_with(&crn[..crn.len() - 1]));
    assert_eq!(there(Method::HEAD).send().await.header("key-total"), "1");
    assert_eq!(api.call(Method::HEAD, "/api/v2/keys").send().await.header("key-total"), "0", "in the first instance");
}

#[tokio::test]
async fn an_instance_is_found_by_guid_and_by_crn_and_only_by_its_own() {
    let api = Api::new().await;
    let made = make(&api, &order("found", TIERED)).await;
    let by_guid = api.get(&path_of(&made)).send().await.is(StatusCode::OK).json.clone();
    assert_eq!(by_guid, made);
    let encode = |crn: &str| crn.replace(':', "%3A").replace('/', "%2F");
    let crn = made["crn"].as_str().expect("a CRN");
    assert_eq!(api.get(&format!("{PATH}/{}", encode(crn))).send().await.is(StatusCode::OK).json, made);
    for wrong in [crn.replace("us-south", "eu-de"), crn.replace("kms", "envelock-objects"), "nonsense".to_owned()] {
        api.get(&format!("{PATH}/{}", encode(&wrong))).send().await.rejected(404, "RESOURCE_NOT_FOUND_ERR");
    }
    let other = format!("{PATH}/9f3f9c1a-6a0e-4d7e-8d3e-1f2b3c4d5e6f");
    api.get(&other).send().await.rejected(404, "RESOURCE_NOT_FOUND_ERR");
}

#[tokio::test]
async fn orders_that_are_not_understood_are_refused() {
    let api = Api::new().await;
    let with = |field: &str, value: Value| {
        let mut body = order("odd", PREMIUM);
        body[field] = value;
        body
    };
    let bad = [
        with("name", Value::Null),
        with("name", json!("")),
        with("name", json!("x".repeat(181))),
        with("target", Value::Null),
        with("target", json!("US South")),
        with("resource_group", Value::Null),
        with("resource_group", json!("a/b")),
        with("resource_plan_id", Value::Null),
        with("resource_plan_id", json!("premium")),
        with("tags", json!([""])),
        with("parameters", json!({"kms_key_crn": "crn:v1:bluemix:public:kms:us-south:a/x:y:key:z"})),
        with("parameters", json!({"kms_key_name": "alone"})),
        with("parameters", json!({"kms_key_name": "two", "kms_instance": api.instance, "kms_key_crn": "x"})),
        with("parameters", json!({"allowed_network": "private-only"})),
        with("parameters", json!({"allowed_network": "nowhere"})),
    ];
    for body in bad {
        api.post(PATH).json(&body).send().await.rejected(400, "INVALID_FIELD_ERR");
    }
    api.post(PATH).json(&with("parameters", json!({"key": "x"}))).send().await.rejected(400, "BAD_BODY_ERR");
    api.post(PATH)
        .header("entity-lock", "maybe")
        .json(&order("x", LITE))
        .send()
        .await
        .rejected(400, "INVALID_FIELD_ERR");
    api.post(PATH).send().await.rejected(400, "NO_BODY_ERR");
    api.post(PATH).without("authorization").json(&order("x", LITE)).send().await.rejected(401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let mut api = Api::new().await;
    for name in ["a", "b", "c"] {
        api.clock.advance(1);
        make(&api, &order(name, LITE)).await;
    }
    api.advance(24 * 3600).await;
    make(&api, &order("d", STANDARD)).await;
    let names = |answer: &Value| -> Vec<String> {
        let resources = answer["resources"].as_array().expect("a list");
        assert_eq!(answer["rows_count"], resources.len());
        resources.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    };
    let list = async |query: &str| names(&api.get(&format!("{PATH}?{query}")).send().await.is(StatusCode::OK).json);
    assert_eq!(list("").await, ["Key Protect", "a", "b", "c", "d"]);
    assert_eq!(list("name=b").await, ["b"]);
    assert_eq!(list(&format!("resource_plan_id={STANDARD}")).await, ["d"]);
    assert_eq!(list("resource_id=ee41347f-b18e-4ca6-bf80-b5467c63f9a6").await, ["Key Protect"]);
    assert_eq!(list("sub_type=kms").await, ["Key Protect"]);
    assert_eq!(list("state=removed").await, [""; 0]);
    assert_eq!(list("updated_from=2026-01-11").await, ["d"]);
    assert_eq!(list("updated_to=2026-01-10").await, ["Key Protect", "a", "b", "c"]);
    assert_eq!(list(&format!("guid={}", api.instance)).await, ["Key Protect"]);
    let mut next = format!("{PATH}?limit=2&sub_type=envelock-objects");
    let mut pages = Vec::new();
    loop {
        let page = api.get(&next).send().await.is(StatusCode::OK).json.clone();
        pages.push(names(&page));
        match page["next_url"].as_str() {
            Some(url) => next = url.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, [vec!["a", "b"], vec!["c", "d"]]);
    for bad in ["limit=0", "limit=101", "guid=x", "state=lost", "type=alias", "updated_from=yesterday", "start=x"] {
        api.get(&format!("{PATH}?{bad}")).send().await.rejected(400, "INVALID_QUERY_PARAM_ERR");
    }
}

#[tokio::test]
async fn name_plan_and_flags_change_and_the_key_never_does() {
    let api = Api::new().await;
    let made = make(&api, &order("before", LITE)).await;
    let path = path_of(&made);
    let patch = async |body: Value| api.call(Method::PATCH, &path).json(&body).send().await;
    api.clock.advance(60);
    let changed = patch(json!({"name": "after", "allow_cleanup": true, "resource_plan_id": STANDARD})).await;
    let changed = changed.is(StatusCode::OK).json.clone();
    assert_eq!((&changed["name"], &changed["resource_plan_id"]), (&json!("after"), &json!(STANDARD)));
    assert_eq!((&changed["allow_cleanup"], &changed["updated_at"]), (&json!(true), &json!("2026-01-10T09:01:00Z")));
    assert_eq!(changed["last_operation"]["type"], "update");
    assert_eq!(api.get(&path).send().await.json, changed);
    patch(json!({"resource_plan_id": TIERED})).await.rejected(400, "INVALID_FIELD_ERR");
    for parameters in [json!({"kms_key_crn": "x"}), json!({"kms_key_name": "x"}), json!({"kms_instance": "x"})] {
        patch(json!({"parameters": parameters})).await.rejected(422, "KEY_ONLY_AT_CREATION_ERR");
    }
    assert_eq!(api.get(&path).send().await.json, changed);
    let kept = patch(json!({"parameters": {}, "resource_plan_id": PREMIUM})).await;
    assert_eq!(kept.is(StatusCode::OK).json["resource_plan_id"], PREMIUM);
    let keys = make(&api, &order("keys", TIERED)).await;
    let moved = api.call(Method::PATCH, &path_of(&keys)).json(&json!({"resource_plan_id": RESILIENT})).send().await;
    moved.is(StatusCode::OK);
}

#[tokio::test]
async fn a_locked_instance_is_neither_changed_nor_deleted() {
    let api = Api::new().await;
    let made = api.post(PATH).header("entity-lock", "true").json(&order("kept", LITE)).send().await;
    assert_eq!(made.is(StatusCode::CREATED).json["locked"], true);
    let path = path_of(&made.json);
    api.call(Method::PATCH, &path).json(&json!({"name": "x"})).send().await.rejected(422, "RESOURCE_LOCKED_ERR");
    api.delete(&path).send().await.rejected(422, "RESOURCE_LOCKED_ERR");
    let unlocked = api.delete(&format!("{path}/lock")).send().await;
    assert_eq!(unlocked.is(StatusCode::OK).json["locked"], false);
    let locked = api.post(&format!("{path}/lock")).send().await;
    assert_eq!(locked.is(StatusCode::OK).json["locked"], true);
    api.delete(&format!("{path}/lock")).send().await.is(StatusCode::OK);
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_instance_of_the_object_store_is_deleted_for_good() {
    let api = Api::new().await;
    let made = make(&api, &order("gone", LITE)).await;
    let path = path_of(&made);
    api.delete(&format!("{path}?recursive=true")).send().await.is(StatusCode::NO_CONTENT);
    let gone = api.get(&path).send().await.is(StatusCode::OK).json.clone();
    assert_eq!((&gone["state"], &gone["last_operation"]["type"]), (&json!("removed"), &json!("delete")));
    assert_eq!(gone["deleted_at"], "2026-01-10T09:00:00Z");
    api.delete(&path).send().await.rejected(410, "RESOURCE_REMOVED_ERR");
    api.call(Method::PATCH, &path).json(&json!({"name": "x"})).send().await.rejected(410, "RESOURCE_REMOVED_ERR");
    assert_eq!(api.get("/v1/reclamations").send().await.is(StatusCode::OK).json["resources"], json!([]));
}

#[tokio::test]
async fn a_key_protect_instance_with_keys_is_not_deleted() {
    let api = Api::new().await;
    let (key, path) = (api.root_key().await, format!("{PATH}/{}", api.instance));
    let refused = api.delete(&path).send().await;
    refused.rejected(409, "RC-ServiceBrokerErrorResponse");
    assert!(refused.text.contains("Instance contains 1 active keys"), "{}", refused.text);
    api.delete(&format!("/api/v2/keys/{key}")).send().await.is(StatusCode::NO_CONTENT);
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    api.get("/api/v2/keys").send().await.refused(401, "UNAUTHORIZED_ERR");
    api.restart().await.get(&path).send().await.is(StatusCode::OK);
}

#[tokio::test]
async fn no_key_comes_into_an_instance_that_is_deleted_at_the_same_moment() {
    let api = Api::new().await;
    let new = envelope(json!({"name": "late", "extractable": false}));
    for _ in 0..20 {
        let instance = make(&api, &order("short-lived", TIERED)).await;
        let guid = instance["guid"].as_str().expect("a GUID");
        let key = api.post("/api/v2/keys").header("bluemix-instance", guid).json(&new).send();
        let path = path_of(&instance);
        let (made, deleted) = tokio::join!(key, api.delete(&path).send());
        assert!(!made.status.is_success() || !deleted.status.is_success(), "the key went unseen: {}", made.text);
    }
}

#[tokio::test]
async fn a_deleted_key_protect_instance_can_be_restored_for_seven_days() {
    let mut api = Api::new().await;
    let key = api.root_key().await;
    api.delete(&format!("/api/v2/keys/{key}")).send().await.is(StatusCode::NO_CONTENT);
    let path = format!("{PATH}/{}", api.instance);
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    assert_eq!(api.get(&path).send().await.json["state"], "pending_reclamation");
    assert_eq!(api.get(&path).send().await.json["scheduled_reclaim_at"], "2026-01-17T09:00:00Z");
    api.delete(&path).send().await.rejected(409, "RESOURCE_PENDING_RECLAMATION_ERR");
    assert_eq!(api.get(PATH).send().await.json["rows_count"], 0, "not listed by default");
    assert_eq!(api.get(&format!("{PATH}?state=pending_reclamation")).send().await.json["rows_count"], 1);

    let listed = api.get(&format!("/v1/reclamations?account_id={}", api.account)).send().await;
    let reclamation = listed.is(StatusCode::OK).json["resources"][0].clone();
    assert_eq!(reclamation["resource_instance_id"], api.instance);
    assert_eq!(
        (&reclamation["state"], &reclamation["target_time"]),
        (&json!("SCHEDULED"), &json!("2026-01-17T09:00:00Z"))
    );
    let act = async |action: &str| {
        let id = reclamation["id"].as_str().expect("an id");
        api.post(&format!("/v1/reclamations/{id}/actions/{action}")).json(&json!({"comment": "x"})).send().await
    };
    assert_eq!(act("restore").await.is(StatusCode::OK).json["id"], reclamation["id"]);
    act("restore").await.rejected(404, "RECLAMATION_NOT_FOUND_ERR");
    assert_eq!(api.get(&path).send().await.json["state"], "active");
    api.clock.advance(60);
    api.post(&format!("/api/v2/keys/{key}/restore")).send().await.is(StatusCode::CREATED);

    api.delete(&format!("/api/v2/keys/{key}")).send().await.is(StatusCode::NO_CONTENT);
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    api.advance(7 * 24 * 3600 - 1).await;
    api.run_due().await;
    assert_eq!(api.get(&path).send().await.json["state"], "pending_reclamation");
    api.advance(1).await;
    api.run_due().await;
    assert_eq!(api.get(&path).send().await.json["state"], "removed");
    assert_eq!(api.tables().number("SELECT count(*) FROM keys"), 0, "no key outlives its instance");
}

#[tokio::test]
async fn a_deleted_instance_is_removed_for_good_on_demand() {
    let api = Api::new().await;
    let path = format!("{PATH}/{}", api.instance);
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    let listed = api.get(&format!("/v1/reclamations?resource_instance_id={}", api.instance)).send().await;
    let id = listed.json["resources"][0]["id"].as_str().expect("an id").to_owned();
    let act = async |action: &str| api.post(&format!("/v1/reclamations/{id}/actions/{action}")).send().await;
    act("reclaim").await.is(StatusCode::OK);
    assert_eq!(api.get(&path).send().await.json["state"], "removed");
    act("restore").await.rejected(404, "RECLAMATION_NOT_FOUND_ERR");
    let odd = api.post("/v1/reclamations/nonsense/actions/restore").send().await;
    odd.rejected(404, "RECLAMATION_NOT_FOUND_ERR");
    let sql = "SELECT event FROM events WHERE action = 'resource-controller.reclamation.reclaim'";
    let event = api.tables().value(sql);
    assert!(event.contains("\"severity\":\"critical\"") && event.contains(&api.instance), "{event}");
}

#[tokio::test]
async fn someone_without_a_platform_role_sees_no_instance() {
    let api = Api::new().await;
    let token = api.someone(&[MANAGER], &[]).await.token;
    let path = format!("{PATH}/{}", api.instance);
    api.get(&path).token(&token).send().await.rejected(404, "RESOURCE_NOT_FOUND_ERR");
    api.delete(&path).token(&token).send().await.rejected(404, "RESOURCE_NOT_FOUND_ERR");
    api.post(PATH).token(&token).json(&order("mine", LITE)).send().await.rejected(401, "UNAUTHORIZED_ERR");
    assert_eq!(api.get(PATH).token(&token).send().await.is(StatusCode::OK).json["rows_count"], 0);
}

#[tokio::test]
async fn only_premium_instances_can_be_encrypted() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let crn = format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}:key:{key}", api.account, api.instance);
    for plan in [LITE, STANDARD, TIERED] {
        let mut body = order("encrypted", plan);
        body["parameters"] = json!({"kms_key_crn": crn});
        api.post(PATH).json(&body).send().await.rejected(422, "PREMIUM_PLAN_REQUIRED_ERR");
    }
}

#[tokio::test]
async fn viewers_see_and_editors_change_the_instances_of_their_service() {
    let api = Api::new().await;
    let role = |name: &str| format!("crn:v1:bluemix:public:iam::::role:{name}");
    for (name, changes) in [("Viewer", false), ("Operator", false), ("Editor", true), ("Administrator", true)] {
        let someone = api.someone(&[], &[]).await;
        api.grant_on(OBJECTS, &someone.iam_id, &[&role(name)], &[]).await;
        let path = path_of(&make(&api, &order("theirs", LITE)).await);
        let call = |method, path: &str| api.call(method, path).token(&someone.token);
        call(Method::GET, &path).send().await.is(StatusCode::OK);
        let listed = call(Method::GET, PATH).send().await;
        assert!(
            listed.is(StatusCode::OK).json["resources"]
                .as_array()
                .expect("a list")
                .iter()
                .all(|one| one["sub_type"] == OBJECTS)
        );
        let keys = format!("{PATH}/{}", api.instance);
        call(Method::GET, &keys).send().await.rejected(404, "RESOURCE_NOT_FOUND_ERR");
        if changes {
            let elsewhere = call(Method::POST, PATH).json(&order("new", LITE)).send().await;
            elsewhere.rejected(403, "RESOURCE_GROUP_ACCESS_ERR");
            api.let_into_group(&someone.iam_id, GROUP, VIEWER).await;
        }
        let made = call(Method::POST, PATH).json(&order("new", LITE)).send().await.status;
        let changed = call(Method::PATCH, &path).json(&json!({"name": "x"})).send().await.status;
        let locked = call(Method::POST, &format!("{path}/lock")).send().await.status;
        let unlocked = call(Method::DELETE, &format!("{path}/lock")).send().await.status;
        let deleted = call(Method::DELETE, &path).send().await.status;
        let statuses = [made, changed, locked, unlocked, deleted].map(|status| status.as_u16());
        assert_eq!(statuses, if changes { [201, 200, 200, 200, 204] } else { [401; 5] }, "{name}");
        let other = call(Method::POST, PATH).json(&order("keys", TIERED)).send().await;
        other.rejected(401, "UNAUTHORIZED_ERR");
    }
}

#[tokio::test]
async fn a_role_on_one_instance_is_for_that_one() {
    let api = Api::new().await;
    let (mine, other) = (make(&api, &order("mine", LITE)).await, make(&api, &order("other", LITE)).await);
    let someone = api.someone(&[], &[]).await;
    let here = [("serviceInstance", mine["guid"].as_str().expect("a GUID"))];
    api.grant_on(OBJECTS, &someone.iam_id, &["crn:v1:bluemix:public:iam::::role:Editor"], &here).await;
    let call = |method, path: &str| api.call(method, path).token(&someone.token);
    assert_eq!(call(Method::GET, PATH).send().await.json["rows_count"], 1);
    call(Method::DELETE, &path_of(&other)).send().await.rejected(404, "RESOURCE_NOT_FOUND_ERR");
    call(Method::POST, PATH).json(&order("new", LITE)).send().await.rejected(401, "UNAUTHORIZED_ERR");
    call(Method::DELETE, &path_of(&mine)).send().await.is(StatusCode::NO_CONTENT);
}
