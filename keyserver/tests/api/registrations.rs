//! `/api/v2/keys/registrations` and `/api/v2/keys/{id}/registrations`.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    audit::last,
    support::{Answer, Api, READER, service::Service},
};

const INPUT: &str = "application/vnd.ibm.kms.registration_input+json";

fn input(fields: &Value) -> Value {
    json!({"metadata": {"collectionType": INPUT, "collectionTotal": 1}, "resources": [fields]})
}

fn path(key: &str, crn: &str) -> String {
    format!("/api/v2/keys/{key}/registrations/{}", encoded(crn))
}

fn encoded(crn: &str) -> String {
    let codes = [(":", "%3A"), ("/", "%2F"), ("?", "%3F"), ("[", "%5B"), ("]", "%5D")];
    codes.iter().fold(crn.to_owned(), |text, (plain, code)| text.replace(plain, code))
}

struct Story {
    api: Api,
    key: String,
    service: Service,
}

impl Story {
    /// A root key and a service that may read everything.
    async fn new() -> Self {
        let api = Api::new().await;
        let key = api.root_key().await;
        let service = api.service("discovery", &[READER], &[]).await;
        Self { api, key, service }
    }

    async fn write(&self, method: Method, key: &str, crn: &str, fields: Value) -> Answer {
        self.api.call(method, &path(key, crn)).token(&self.service.token).json(&input(&fields)).send().await
    }

    async fn register(&self, crn: &str, fields: Value) -> Value {
        let answer = self.write(Method::POST, &self.key, crn, fields).await;
        answer.is(StatusCode::CREATED).resource().clone()
    }

    /// CRN of a bucket in the service instance.
    fn bucket(&self, name: &str) -> String {
        format!("{}bucket:{name}", self.service.crn.strip_suffix(':').expect("ten segments"))
    }

    async fn listed(&self, query: &str) -> Vec<String> {
        let answer = self.api.get(&format!("/api/v2/keys/registrations{query}")).send().await;
        let resources = answer.is(StatusCode::OK).json["resources"].as_array().expect("a list").clone();
        assert_eq!(answer.json["metadata"]["collectionTotal"], resources.len());
        resources.iter().map(|row| row["resourceCrn"].as_str().expect("a CRN").to_owned()).collect()
    }
}

#[tokio::test]
async fn a_registration_answers_both_questions() {
    let story = Story::new().await;
    let Story { api, key, service } = &story;
    let other = api.root_key().await;
    let made = story.register(&service.crn, json!({"description": "instance data"})).await;
    let version = api.get(&format!("/api/v2/keys/{key}/metadata")).send().await.resource()["keyVersion"].clone();
    assert_eq!(
        made,
        json!({
            "keyId": key, "keyName": "a root key", "resourceCrn": service.crn, "description": "instance data",
            "createdBy": service.iam_id, "creationDate": "2026-01-10T09:00:00Z", "updatedBy": service.iam_id,
            "lastUpdated": "2026-01-10T09:00:00Z", "preventKeyDeletion": false, "keyVersion": version,
        })
    );
    let forward = api.get(&format!("/api/v2/keys/{key}/registrations")).send().await;
    assert_eq!(forward.resource(), &made);
    assert_eq!(forward.json["metadata"]["collectionType"], "application/vnd.ibm.kms.registration+json");
    let none = api.get(&format!("/api/v2/keys/{other}/registrations")).send().await;
    assert_eq!(none.json["metadata"]["collectionTotal"], 0);
    let query = format!("?urlEncodedResourceCRNQuery={}", encoded(&service.crn));
    let backward = api.get(&format!("/api/v2/keys/registrations{query}")).send().await;
    assert_eq!(backward.resource(), &made);
}

#[tokio::test]
async fn queries_know_wildcards_and_double_encoding() {
    let story = Story::new().await;
    for name in ["prod-a", "prod-b", "test", "odd[x]?"] {
        story.register(&story.bucket(name), json!({})).await;
    }
    story.register(&story.service.crn, json!({})).await;
    let instance = story.service.crn.strip_suffix("::").expect("ten segments").to_owned();
    for (pattern, count) in [
        ("*".to_owned(), 5),
        (format!("{instance}:*:*"), 5),
        (format!("{instance}:bucket:*"), 4),
        (format!("{instance}:bucket:prod*"), 2),
        (format!("{instance}:*:*t*"), 1),
        (format!("{instance}:bucket:prod-a"), 1),
        (format!("{instance}:bucket:PROD-A"), 0),
        (format!("{instance}:bucket:odd[x]?"), 1),
        (format!("{instance}:bucket:odd[*"), 1),
        (format!("{instance}:bucket:prod-?"), 0),
        (instance.clone(), 1),
        ("nonsense".to_owned(), 0),
    ] {
        let once = encoded(&pattern);
        for text in [once.clone(), once.replace('%', "%25"), once.replace("%3A", "%3a").replace('%', "%25")] {
            let found = story.listed(&format!("?urlEncodedResourceCRNQuery={text}")).await;
            assert_eq!(found.len(), count, "{pattern} as {text}: {found:?}");
        }
    }
    let long = format!("/api/v2/keys/registrations?urlEncodedResourceCRNQuery={}", "x".repeat(513));
    let answer = story.api.get(&long).send().await;
    answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "urlEncodedResourceCRNQuery");
}

#[tokio::test]
async fn lists_have_pages_totals_and_a_filter() {
    let story = Story::new().await;
    for name in ["a", "b", "c"] {
        story.register(&story.bucket(name), json!({"preventKeyDeletion": name == "b"})).await;
    }
    let buckets = ["a", "b", "c"].map(|name| story.bucket(name));
    assert_eq!(story.listed("?limit=2").await, buckets[..2]);
    assert_eq!(story.listed("?limit=2&offset=2").await, buckets[2..]);
    assert_eq!(story.listed("?preventKeyDeletion=true").await, buckets[1..2]);
    assert_eq!(story.listed("?preventKeyDeletion=false").await.len(), 2);
    for path in ["/api/v2/keys/registrations".to_owned(), format!("/api/v2/keys/{}/registrations", story.key)] {
        let answer = story.api.get(&format!("{path}?limit=1&totalCount=true")).send().await;
        assert_eq!(answer.json["metadata"]["totalCount"], 3);
        assert_eq!(answer.json["metadata"]["collectionTotal"], 1);
        assert!(story.api.get(&path).send().await.json["metadata"].get("totalCount").is_none());
        for (query, name) in [("limit=0", "limit"), ("limit=5001", "limit"), ("offset=-1", "offset")] {
            let answer = story.api.get(&format!("{path}?{query}")).send().await;
            answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", name);
        }
        for name in ["totalCount", "preventKeyDeletion"] {
            let answer = story.api.get(&format!("{path}?{name}=maybe")).send().await;
            answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", name);
        }
        let elsewhere = story.api.get(&path).header("x-kms-key-ring", "elsewhere").send().await;
        assert!(elsewhere.status == StatusCode::NOT_FOUND || elsewhere.json["metadata"]["collectionTotal"] == 0);
    }
}

#[tokio::test]
async fn only_services_write_and_only_about_their_own_resources() {
    let story = Story::new().await;
    let Story { api, key, service } = &story;
    let methods = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let (other, stranger) = (service.crn.replace("discovery", "assistant"), api.service("discovery", &[], &[]).await);
    let reader = api.someone(&[READER], &[]).await;
    for method in &methods {
        let call = |crn: &str| api.call(method.clone(), &path(key, crn)).json(&input(&json!({})));
        call(&service.crn).send().await.refused(403, "SERVICE_ONLY_ERR");
        call(&service.crn).token(&reader.token).send().await.refused(403, "SERVICE_ONLY_ERR");
        call(&other).token(&service.token).send().await.refused(403, "RESOURCE_OWNER_ERR");
        let answer = call("crn:v1:nothing").token(&service.token).send().await;
        answer.refused_for(400, "INVALID_FIELD_ERR", "field", "urlEncodedResourceCRN");
    }
    assert_eq!(last(api)["reason"]["reasonCode"], 400);
    // `Api::service` names the same instance each time; only what is granted counts.
    assert_eq!(stranger.crn, service.crn);
    let nobody = api.service("assistant", &[], &[]).await;
    for method in methods {
        let call = api.call(method, &path(key, &nobody.crn)).json(&input(&json!({})));
        call.token(&nobody.token).send().await.refused(401, "UNAUTHORIZED_ERR");
    }
    let path = "/api/v2/keys/registrations";
    api.get(path).token(&nobody.token).send().await.refused(401, "UNAUTHORIZED_ERR");
    api.get(path).token(&reader.token).send().await.is(StatusCode::OK);
}

#[tokio::test]
async fn a_service_sees_its_own_registrations_only() {
    let story = Story::new().await;
    story.register(&story.service.crn, json!({})).await;
    let other = story.api.service("assistant", &[READER], &[]).await;
    for list in ["/api/v2/keys/registrations".to_owned(), format!("/api/v2/keys/{}/registrations", story.key)] {
        let mine = story.api.get(&list).token(&story.service.token).send().await;
        assert_eq!(mine.is(StatusCode::OK).resource()["resourceCrn"], story.service.crn);
        let others = story.api.get(&list).token(&other.token).send().await;
        assert_eq!(others.is(StatusCode::OK).json["metadata"]["collectionTotal"], 0);
    }
}

#[tokio::test]
async fn registrations_are_made_once_replaced_whole_and_merged_in_part() {
    let story = Story::new().await;
    let Story { api, key, service } = &story;
    let write = |method: Method, fields: Value| story.write(method, key, &service.crn, fields);
    write(Method::PATCH, json!({})).await.refused(404, "REGISTRATION_NOT_FOUND_ERR");
    write(Method::DELETE, json!({})).await.refused(404, "REGISTRATION_NOT_FOUND_ERR");
    let made = story.register(&service.crn, json!({"description": "first", "preventKeyDeletion": true})).await;
    write(Method::POST, json!({})).await.refused(409, "REGISTRATION_EXISTS_ERR");

    api.clock.advance(60);
    let merged = write(Method::PATCH, json!({"description": "second"})).await;
    let mut expected = made.clone();
    expected["description"] = json!("second");
    expected["lastUpdated"] = json!("2026-01-10T09:01:00Z");
    assert_eq!(merged.is(StatusCode::OK).resource(), &expected);

    let replaced = write(Method::PUT, json!({})).await;
    expected.as_object_mut().expect("an object").remove("description");
    expected["preventKeyDeletion"] = json!(false);
    assert_eq!(replaced.is(StatusCode::OK).resource(), &expected);

    let gone = write(Method::DELETE, json!({})).await;
    assert_eq!(gone.is(StatusCode::NO_CONTENT).text, "");
    assert!(story.listed("").await.is_empty());
    write(Method::PUT, json!({})).await.is(StatusCode::OK);
    assert_eq!(story.listed("").await.len(), 1);
}

#[tokio::test]
async fn the_registered_version_goes_forward_only() {
    let story = Story::new().await;
    let Story { api, key, service } = &story;
    let newest = || async {
        api.get(&format!("/api/v2/keys/{key}/metadata")).send().await.resource()["keyVersion"]["id"].clone()
    };
    let first = newest().await;
    story.register(&service.crn, json!({})).await;
    api.clock.advance(1);
    api.act(key, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    let second = newest().await;
    let write = |method: Method, version: &Value| {
        story.write(method, key, &service.crn, json!({"description": "moved", "keyVersionId": version}))
    };
    assert_eq!(write(Method::PATCH, &Value::Null).await.resource()["keyVersion"]["id"], first);
    assert_eq!(write(Method::PATCH, &first).await.resource()["keyVersion"]["id"], first);
    assert_eq!(write(Method::PATCH, &second).await.resource()["keyVersion"]["id"], second);
    for method in [Method::PATCH, Method::PUT] {
        write(method.clone(), &first).await.refused(422, "KEY_VERSION_INVALID");
        write(method.clone(), &json!(service.iam_id)).await.refused_for(
            400,
            "INVALID_FIELD_ERR",
            "field",
            "keyVersionId",
        );
        write(method, &json!(key)).await.refused(422, "KEY_VERSION_INVALID");
    }
    let other = story.bucket("a");
    let answer = story.write(Method::POST, key, &other, json!({"keyVersionId": first})).await;
    assert_eq!(answer.is(StatusCode::CREATED).resource()["keyVersion"]["id"], first);
    assert_eq!(write(Method::PUT, &Value::Null).await.resource()["keyVersion"]["id"], second);
}

#[tokio::test]
async fn only_active_root_keys_are_registered() {
    let story = Story::new().await;
    let Story { api, key, service } = &story;
    let standard = api.create(json!({"name": "a standard key", "extractable": true})).await;
    let standard = standard["id"].as_str().expect("an id");
    story.write(Method::POST, standard, &service.crn, json!({})).await.refused(422, "KEY_ROOT_REQ_REG_ERR");
    story.write(Method::POST, "nobody", &service.crn, json!({})).await.refused(404, "KEY_NOT_FOUND_ERR");
    story.register(&service.crn, json!({})).await;
    let refused = |state: &'static str| {
        let story = &story;
        async move {
            for (method, crn) in [
                (Method::POST, story.bucket("new")),
                (Method::PUT, story.service.crn.clone()),
                (Method::PATCH, story.service.crn.clone()),
            ] {
                let answer = story.write(method.clone(), key, &crn, json!({})).await;
                assert_eq!(answer.status.as_u16(), 422, "{method} in state {state}: {}", answer.text);
                answer.refused(422, "KEY_INVALID_STATE_ERR");
            }
        }
    };
    api.act(key, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    refused("suspended").await;
    api.delete(&format!("/api/v2/keys/{key}?force=true")).send().await.is(StatusCode::NO_CONTENT);
    refused("destroyed").await;
    let answer = story.write(Method::DELETE, key, &service.crn, json!({})).await;
    answer.refused(422, "KEY_INVALID_STATE_ERR");
    assert_eq!(story.listed("").await, [service.crn.as_str()], "a deleted key keeps its registrations");
    api.clock.advance(31);
    api.post(&format!("/api/v2/keys/{key}/restore")).send().await.is(StatusCode::CREATED);
    api.act(key, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    story.write(Method::DELETE, key, &service.crn, json!({})).await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn bodies_are_checked() {
    let story = Story::new().await;
    let path = path(&story.key, &story.service.crn);
    let call = || story.api.post(&path).token(&story.service.token);
    call().send().await.refused(400, "NO_BODY_ERR");
    call().json(&json!({"resources": [{}]})).send().await.refused(400, "BAD_BODY_ERR");
    let metadata = |total: u32| json!({"collectionType": INPUT, "collectionTotal": total});
    let body = json!({"metadata": metadata(2), "resources": [{}]});
    call().json(&body).send().await.refused(400, "COLLECTION_TOTAL_MISMATCH_ERR");
    for body in [json!({"metadata": metadata(2), "resources": [{}, {}]}), json!({"metadata": metadata(0)})] {
        call().json(&body).send().await.refused(400, "BAD_BODY_ERR");
    }
    for description in ["x".to_owned(), "x".repeat(241)] {
        let answer = call().json(&input(&json!({"description": description}))).send().await;
        answer.refused_for(400, "INVALID_FIELD_ERR", "field", "description");
    }
}

#[tokio::test]
async fn a_key_that_protects_something_is_deleted_by_force_only() {
    let story = Story::new().await;
    let Story { api, key, service } = &story;
    story.register(&service.crn, json!({})).await;
    let delete = |query: &str| api.delete(&format!("/api/v2/keys/{key}{query}")).send();
    for query in ["", "?force=false", "?force="] {
        delete(query).await.refused(409, "PROTECTED_RESOURCE_ERR");
    }
    delete("?force=maybe").await.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "force");
    assert_eq!(last(api)["action"], "kms.secrets.delete");
    story.write(Method::PATCH, key, &service.crn, json!({"preventKeyDeletion": true})).await.is(StatusCode::OK);
    for query in ["", "?force=true"] {
        delete(query).await.refused(409, "PREV_KEY_DEL_ERR");
    }
    api.act(key, "wrap", Value::Null).await.is(StatusCode::OK);
    story.write(Method::PATCH, key, &service.crn, json!({"preventKeyDeletion": false})).await.is(StatusCode::OK);
    delete("?force=true").await.is(StatusCode::NO_CONTENT);
    api.act(key, "wrap", Value::Null).await.refused(410, "KEY_DELETED_ERR");

    let free = api.root_key().await;
    api.delete(&format!("/api/v2/keys/{free}")).send().await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_policy_for_one_key_reaches_its_registrations_only() {
    let story = Story::new().await;
    let Story { api, key, service } = &story;
    let mine = api.root_key().await;
    story.register(&service.crn, json!({})).await;
    story.write(Method::POST, &mine, &service.crn, json!({})).await.is(StatusCode::CREATED);
    let attributes = [("serviceInstance", api.instance.as_str()), ("resourceType", "key"), ("resource", mine.as_str())];
    let someone = api.someone(&[READER], &attributes).await;
    let list = |path: String| api.get(&path).token(&someone.token).send();
    assert_eq!(list("/api/v2/keys/registrations".to_owned()).await.resource()["keyId"], mine);
    assert_eq!(list(format!("/api/v2/keys/{mine}/registrations")).await.resource()["keyId"], mine);
    list(format!("/api/v2/keys/{key}/registrations")).await.refused(401, "UNAUTHORIZED_ERR");
}

#[tokio::test]
async fn every_call_leaves_its_event() {
    let story = Story::new().await;
    let Story { api, key, service } = &story;
    let list = "/api/v2/keys/registrations".to_owned();
    let own = path(key, &service.crn);
    let rows = [
        (Method::GET, list.clone(), "list", 200, "normal"),
        (Method::GET, format!("/api/v2/keys/{key}/registrations"), "list", 200, "normal"),
        (Method::POST, own.clone(), "create", 201, "normal"),
        (Method::PUT, own.clone(), "write", 200, "normal"),
        (Method::PATCH, own.clone(), "merge", 200, "normal"),
        (Method::DELETE, own.clone(), "delete", 204, "critical"),
        (Method::DELETE, own.clone(), "delete", 404, "critical"),
    ];
    for (method, path, action, status, severity) in rows {
        let call = api.call(method, &path).token(&service.token).json(&input(&json!({})));
        assert_eq!(call.send().await.status.as_u16(), status, "{action}");
        let event = last(api);
        assert_eq!(event["action"], format!("kms.registrations.{action}"));
        assert_eq!(event["reason"]["reasonCode"], status);
        assert_eq!(event["severity"], severity, "{action} {status}");
        assert_eq!(event["initiator"]["id"], service.iam_id);
        if path != list {
            assert_eq!(event["responseData"]["keyId"], *key);
        }
    }
    api.call(Method::DELETE, &own).send().await.refused(403, "SERVICE_ONLY_ERR");
    let event = last(api);
    assert_eq!(event["severity"], "critical");
    // Forbidden is told as unauthorized.
    assert_eq!(event["reason"]["reasonCode"], 401);
    assert_eq!(event["reason"]["reasonType"], "Unauthorized");
}

#[tokio::test]
async fn a_key_is_not_deleted_by_someone_who_has_not_seen_a_registration() {
    let story = Story::new().await;
    let Story { api, service, .. } = &story;
    for _ in 0..24 {
        let key = api.root_key().await;
        let path = format!("/api/v2/keys/{key}");
        let register = story.write(Method::POST, &key, &service.crn, json!({}));
        let (registered, deleted) = tokio::join!(register, api.delete(&path).send());
        match deleted.status {
            StatusCode::NO_CONTENT => drop(registered.refused(422, "KEY_INVALID_STATE_ERR")),
            _ => {
                deleted.refused(409, "PROTECTED_RESOURCE_ERR");
                registered.is(StatusCode::CREATED);
            }
        }
    }
}
