//! Instances encrypted by a root key: every rule for making one, what shows which key it is, and its end.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    Api, READER, envelope,
    objects::{LITE, OBJECTS},
};

const PATH: &str = "/v2/resource_instances";

async fn order(api: &Api, parameters: Value) -> crate::support::Answer {
    api.post(PATH).json(&api.order("encrypted", parameters)).send().await
}

#[tokio::test]
async fn a_premium_instance_is_encrypted_by_the_key_with_this_crn() {
    let api = Api::new().await;
    let key = api.root_key().await;
    api.authorize(&[]).await;
    let crn = api.key_crn(&key);
    let made = order(&api, json!({"kms_key_crn": crn})).await.is(StatusCode::CREATED).json.clone();
    assert_eq!(made["sub_type"], "envelock-objects");
    assert_eq!(made["parameters"]["kms_key_crn"], crn);
    let encryption = &made["extensions"]["encryption"];
    assert_eq!((&encryption["kms_key_crn"], &encryption["key"]), (&json!(crn), &json!(key)));
    assert_eq!(encryption["kms_instance"], api.instance);
    let guid = made["guid"].as_str().expect("a GUID");
    assert_eq!(made["extensions"]["objects_path"], format!("/services/v1/{guid}/objects"));
    assert_eq!(api.get(&format!("{PATH}/{guid}")).send().await.json, made);

    let registrations = api.get(&format!("/api/v2/keys/{key}/registrations")).send().await;
    let registration = registrations.is(StatusCode::OK).resource().clone();
    assert_eq!(registration["resourceCrn"], made["crn"]);
    assert_eq!(registration["createdBy"], format!("crn-{}", made["crn"].as_str().expect("a CRN")));
    let query = made["crn"].as_str().expect("a CRN").replace(':', "%3A").replace('/', "%2F");
    let backward = api.get(&format!("/api/v2/keys/registrations?urlEncodedResourceCRNQuery={query}")).send().await;
    assert_eq!(backward.resource()["keyId"], key);
}

#[tokio::test]
async fn the_key_can_be_given_by_its_name_if_one_key_has_it() {
    let api = Api::new().await;
    let named = |name: &str| json!({"name": name, "extractable": false});
    let key = api.create(named("invoices")).await["id"].as_str().expect("an id").to_owned();
    api.create(named("invoices 2")).await;
    api.authorize(&[]).await;
    let by_name = |name: &str| json!({"kms_key_name": name, "kms_instance": api.instance});
    let made = order(&api, by_name("invoices")).await;
    assert_eq!(made.is(StatusCode::CREATED).json["parameters"]["kms_key_crn"], api.key_crn(&key));
    let crn = format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}::", api.account, api.instance);
    let by_crn = order(&api, json!({"kms_key_name": "invoices", "kms_instance": crn})).await;
    assert_eq!(by_crn.is(StatusCode::CREATED).json["extensions"]["encryption"]["key"], key);
    order(&api, by_name("Invoices")).await.rejected(404, "KEY_NOT_FOUND_ERR");
    order(&api, by_name("invoice")).await.rejected(404, "KEY_NOT_FOUND_ERR");
    api.create(named("invoices")).await;
    order(&api, by_name("invoices")).await.rejected(409, "KEY_NAME_AMBIGUOUS_ERR");
}

#[tokio::test]
async fn without_an_authorization_nothing_is_made_or_told() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let missing = "SERVICE_AUTHORIZATION_MISSING_ERR";
    order(&api, json!({"kms_key_crn": api.key_crn(&key)})).await.rejected(403, missing);
    let nowhere = "00000000-0000-4000-8000-000000000000";
    order(&api, json!({"kms_key_crn": api.key_crn(nowhere)})).await.rejected(403, missing);
    order(&api, json!({"kms_key_name": "a root key", "kms_instance": api.instance})).await.rejected(403, missing);
    order(&api, json!({"kms_key_name": "a root key", "kms_instance": nowhere})).await.rejected(403, missing);
    let foreign = api.key_crn(&key).replace(&api.account, &"0".repeat(32));
    order(&api, json!({"kms_key_crn": foreign})).await.rejected(403, missing);
    assert_eq!(api.get(PATH).send().await.json["rows_count"], 1, "only the first Key Protect instance");
}

#[tokio::test]
async fn an_authorization_for_one_key_lets_the_service_use_that_key_only() {
    let api = Api::new().await;
    let (mine, other) = (api.root_key().await, api.root_key().await);
    api.authorize(&[("resourceType", "key"), ("resource", &mine)]).await;
    order(&api, json!({"kms_key_crn": api.key_crn(&mine)})).await.is(StatusCode::CREATED);
    let refused = order(&api, json!({"kms_key_crn": api.key_crn(&other)})).await;
    refused.rejected(403, "SERVICE_AUTHORIZATION_MISSING_ERR");
}

#[tokio::test]
async fn key_and_instance_are_in_one_region() {
    let api = Api::new().await;
    let key = api.root_key().await;
    api.authorize(&[]).await;
    let mut far = api.order("far", json!({"kms_key_crn": api.key_crn(&key)}));
    far["target"] = json!("eu-de");
    api.post(PATH).json(&far).send().await.rejected(422, "KEY_REGION_MISMATCH_ERR");
    let mut by_name = api.order("far", json!({"kms_key_name": "a root key", "kms_instance": api.instance}));
    by_name["target"] = json!("eu-de");
    api.post(PATH).json(&by_name).send().await.rejected(422, "KEY_REGION_MISMATCH_ERR");
    let elsewhere = api.key_crn(&key).replace("us-south", "eu-de");
    order(&api, json!({"kms_key_crn": elsewhere})).await.rejected(422, "KEY_REGION_MISMATCH_ERR");
}

#[tokio::test]
async fn the_key_is_a_root_key_that_exists_and_is_active() {
    let mut api = Api::new().await;
    api.authorize(&[]).await;
    let with = |key: &str| json!({"kms_key_crn": api.key_crn(key)});
    let nowhere = with("00000000-0000-4000-8000-000000000000");
    order(&api, nowhere).await.rejected(404, "KEY_NOT_FOUND_ERR");
    let standard = api.create(json!({"name": "standard", "extractable": true})).await;
    order(&api, with(standard["id"].as_str().expect("an id"))).await.rejected(400, "KEY_ROOT_REQ_ERR");
    let disabled = api.root_key().await;
    api.act(&disabled, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    order(&api, with(&disabled)).await.rejected(409, "ROOT_KEY_INACTIVE_ERR");
    let deleted = api.root_key().await;
    api.delete(&format!("/api/v2/keys/{deleted}")).send().await.is(StatusCode::NO_CONTENT);
    order(&api, with(&deleted)).await.rejected(409, "ROOT_KEY_INACTIVE_ERR");
    let short = json!({"name": "short", "extractable": false, "expirationDate": "2026-01-10T10:00:00Z"});
    let short = with(api.create(short).await["id"].as_str().expect("an id"));
    api.advance(3600).await;
    order(&api, short).await.rejected(409, "ROOT_KEY_INACTIVE_ERR");
}

#[tokio::test]
async fn an_instance_that_exists_gets_no_key_and_keeps_the_one_it_has() {
    let api = Api::new().await;
    let (key, other) = (api.root_key().await, api.root_key().await);
    let encrypted = api.encrypted_by(&key).await;
    let plain = api.post(PATH).json(&api.order("plain", json!({}))).send().await;
    let plain = plain.is(StatusCode::CREATED).json["guid"].as_str().expect("a GUID").to_owned();
    for guid in [&encrypted.guid, &plain] {
        let change = json!({"parameters": {"kms_key_crn": api.key_crn(&other)}});
        let refused = api.call(Method::PATCH, &format!("{PATH}/{guid}")).json(&change).send().await;
        refused.rejected(422, "KEY_ONLY_AT_CREATION_ERR");
    }
    let lesser = json!({"resource_plan_id": LITE});
    let refused = api.call(Method::PATCH, &format!("{PATH}/{}", encrypted.guid)).json(&lesser).send().await;
    refused.rejected(422, "PREMIUM_PLAN_REQUIRED_ERR");
    let kept = api.get(&format!("{PATH}/{}", encrypted.guid)).send().await;
    assert_eq!(kept.json["parameters"]["kms_key_crn"], api.key_crn(&key));
}

#[tokio::test]
async fn deleting_the_instance_ends_its_objects_and_its_registration() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let store = api.encrypted_by(&key).await;
    api.store(&store, "a", 10).await;
    api.store(&store, "b/c", 10).await;
    let folder = api.directory().join("objects").join(&store.guid);
    assert_eq!(files(&folder), 2);
    let unforced = api.delete(&format!("/api/v2/keys/{key}")).send().await;
    unforced.refused(409, "PROTECTED_RESOURCE_ERR");
    api.delete(&format!("{PATH}/{}", store.guid)).send().await.is(StatusCode::NO_CONTENT);
    assert_eq!(files(&folder), 0);
    let registrations = api.get(&format!("/api/v2/keys/{key}/registrations")).send().await;
    assert_eq!(registrations.json["metadata"]["collectionTotal"], 0);
    api.get(&store.path("a")).send().await.turned_away(410, "RESOURCE_REMOVED_ERR");
    api.delete(&format!("/api/v2/keys/{key}")).send().await.is(StatusCode::NO_CONTENT);
    assert_eq!(api.tables().number("SELECT count(*) FROM loose_files"), 0);
}

fn files(folder: &std::path::Path) -> usize {
    let folders = std::fs::read_dir(folder).expect("a folder");
    folders.map(|entry| std::fs::read_dir(entry.expect("an entry").path()).expect("a folder").count()).sum()
}

#[tokio::test]
async fn a_key_protect_instance_goes_after_its_keys_and_takes_the_data_with_it() {
    let api = Api::new().await;
    let made = api.post(PATH).json(&json!({
        "name": "more keys", "target": "us-south", "resource_group": "default",
        "resource_plan_id": "eedd3585-90c6-4c8f-be3d-062069e99fc3",
    }));
    let kms = made.send().await.is(StatusCode::CREATED).json["guid"].as_str().expect("a GUID").to_owned();
    let there = |method, path: &str| api.call(method, path).header("bluemix-instance", &kms);
    let new = envelope(json!({"name": "there", "extractable": false}));
    let key = there(Method::POST, "/api/v2/keys").json(&new).send().await;
    let key = key.is(StatusCode::CREATED).resource()["id"].as_str().expect("an id").to_owned();
    let mut authorization = api.authorization(&[("serviceName", OBJECTS)], &[READER], &[]);
    authorization["resources"][0]["attributes"][2]["value"] = json!(kms);
    api.make_policy(&authorization).await;
    let crn = api.key_crn(&key).replace(&api.instance, &kms);
    let made = order(&api, json!({"kms_key_crn": crn})).await;
    let list = format!("/services/v1/{}/objects", made.is(StatusCode::CREATED).json["guid"].as_str().expect("a GUID"));
    api.get(&list).send().await.is(StatusCode::OK);
    there(Method::DELETE, &format!("/api/v2/keys/{key}?force=true")).send().await.is(StatusCode::NO_CONTENT);
    api.get(&list).send().await.turned_away(410, "KEY_DELETED_ERR");
    api.delete(&format!("{PATH}/{kms}")).send().await.is(StatusCode::NO_CONTENT);
    api.get(&list).send().await.turned_away(410, "KEY_DELETED_ERR");
    let reclamation = api.get("/v1/reclamations").send().await.json["resources"][0]["id"].clone();
    let path = format!("/v1/reclamations/{}/actions/reclaim", reclamation.as_str().expect("an id"));
    api.post(&path).send().await.is(StatusCode::OK);
    api.get(&list).send().await.turned_away(410, "ROOT_KEY_DESTROYED_ERR");
}

#[tokio::test]
async fn authorizations_that_an_instance_handed_on_go_with_it() {
    let api = Api::new().await;
    let key = api.root_key().await;
    let store = api.encrypted_by(&key).await;
    let token = api.service_token(OBJECTS, &store.guid).await;
    let handed_on = api.authorization(&[("serviceName", "backup")], &[READER], &[]);
    let made = api.post("/v1/policies").token(&token).json(&handed_on).send().await;
    let id = made.is(StatusCode::CREATED).json["id"].as_str().expect("an id").to_owned();
    let state = async |id: &str| api.get(&format!("/v1/policies/{id}")).send().await.json["state"].clone();
    assert_eq!(state(&id).await, "active");
    api.delete(&format!("{PATH}/{}", store.guid)).send().await.is(StatusCode::NO_CONTENT);
    assert_eq!(state(&id).await, "deleted");
    assert_eq!(state(&store.authorization).await, "active", "what an administrator made stays");
}
