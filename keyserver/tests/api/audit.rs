//! One event per request, before its answer, and never without it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, READER, WRITER, envelope};

pub(crate) fn events(api: &Api) -> Vec<Value> {
    api.events()
}

pub(crate) fn last(api: &Api) -> Value {
    events(api).pop().expect("an event")
}

#[tokio::test]
async fn an_unwrap_is_recorded_with_key_version_and_caller() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let wrapped = api.wrap(&id, json!({"aad": ["tenant-7"]})).await;
    let correlation = "0b9f7d0e-7e43-4a0b-8f3f-2f1d6c5b4a39";
    let call = api.post(&format!("/api/v2/keys/{id}/actions/unwrap")).header("correlation-id", correlation);
    let call =
        call.header("user-agent", "a test").json(&json!({"ciphertext": wrapped["ciphertext"], "aad": ["tenant-7"]}));
    call.send().await.is(StatusCode::OK);

    let event = last(&api);
    assert_eq!(event["action"], "kms.secrets.unwrap");
    assert_eq!(event["outcome"], "success");
    assert_eq!(event["severity"], "normal");
    assert_eq!(event["message"], "Key Protect: unwrap secret a root key");
    assert_eq!(event["eventTime"], "2026-01-10T09:00:00.00+0000");
    assert_eq!(event["correlationId"], correlation);
    assert!(event["initiator"]["id"].as_str().expect("an id").starts_with("iam-ServiceId-"));
    assert_eq!(event["initiator"]["host"]["agent"], "a test");
    let instance = format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}", api.account, api.instance);
    assert_eq!(
        event["target"],
        json!({"id": format!("{instance}:key:{id}"), "name": "a root key", "typeURI": "kms/secrets"})
    );
    assert_eq!(event["logSourceCRN"], format!("{instance}::"));
    assert_eq!(event["reason"], json!({"reasonCode": 200, "reasonType": "OK"}));
    assert_eq!(event["requestData"]["requestURI"], format!("/api/v2/keys/{id}/actions/unwrap"));
    assert_eq!(event["responseData"]["keyVersionId"], wrapped["keyVersion"]["id"]);
    assert_eq!(event["responseData"]["keyState"], 1);
    for secret in [&wrapped["plaintext"], &wrapped["ciphertext"], &json!("tenant-7")] {
        assert!(!event.to_string().contains(secret.as_str().expect("text")));
    }
}

#[tokio::test]
async fn every_request_leaves_exactly_one_event_with_its_status() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let one = |rest: &str| format!("/api/v2/keys/{id}{rest}");
    let new = envelope(json!({"name": "another", "extractable": false}));
    let rows = [
        (api.post("/api/v2/keys").json(&new), "kms.secrets.create", 201, "normal"),
        (api.post("/api/v2/keys"), "kms.secrets.create", 400, "warning"),
        (api.get("/api/v2/keys"), "kms.secrets.list", 200, "normal"),
        (api.get("/api/v2/keys").without("authorization"), "kms.secrets.list", 401, "critical"),
        (api.get("/api/v2/keys").without("bluemix-instance"), "kms.secrets.list", 400, "warning"),
        (api.call(Method::HEAD, "/api/v2/keys"), "kms.secrets.head", 200, "normal"),
        (api.get(&one("")), "kms.secrets.read", 200, "normal"),
        (api.get("/api/v2/keys/nobody"), "kms.secrets.read", 404, "normal"),
        (api.get(&one("/metadata")), "kms.secrets-metadata.read", 200, "normal"),
        (api.get(&one("/versions")), "kms.secrets-key-versions.list", 200, "normal"),
        (api.post(&one("/actions/wrap")), "kms.secrets.wrap", 200, "normal"),
        (api.post(&one("/actions/unwrap")), "kms.secrets.unwrap", 400, "warning"),
        (api.post(&one("/actions/rewrap")), "kms.secrets.rewrap", 400, "warning"),
        (api.post(&one("/actions/rotate")), "kms.secrets.rotate", 204, "warning"),
        (api.post(&one("/actions/disable")), "kms.secrets.disable", 204, "warning"),
        (api.post(&one("/actions/wrap")), "kms.secrets.wrap", 409, "warning"),
        (api.post(&one("/actions/enable")), "kms.secrets.enable", 409, "warning"),
        (api.delete(&one("")), "kms.secrets.delete", 204, "critical"),
        (api.post(&one("/restore")), "kms.secrets.restore", 409, "warning"),
        (api.post(&one("/actions/sync")), "kms.secrets.sync", 409, "warning"),
        (api.delete(&one("/purge")), "kms.secrets.purge", 401, "critical"),
        (api.post(&one("?action=wrap")), "kms.secrets.wrap", 410, "normal"),
        (api.post(&one("?action=shred")), "kms.secrets.default", 400, "warning"),
        (api.get("/api/v2/else"), "kms.secrets.default", 404, "normal"),
        (api.post(&one("/else")), "kms.secrets.default", 404, "normal"),
        (api.get(&one("/aliases/a")), "kms.secrets-alias.request", 405, "normal"),
        (api.get(&one("/aliases")), "kms.secrets-alias.request", 404, "normal"),
        (api.post("/api/v2/key_rings"), "kms.key-rings.request", 405, "normal"),
        (api.delete("/api/v2/import_token"), "kms.import-token.request", 405, "normal"),
        (api.post("/api/v2/keys/registrations"), "kms.registrations.default", 405, "normal"),
        (api.delete(&one("/registrations")), "kms.registrations.default", 405, "normal"),
        (api.delete(&one("/policies")), "kms.policies.default", 405, "normal"),
        (api.delete("/api/v2/instance/policies"), "kms.instance-policies.request", 405, "normal"),
        (api.post("/identity/token"), "iam-identity.serviceid-apikey.login", 400, "warning"),
        (api.get("/v1/serviceids"), "iam-identity.account-serviceid.list", 200, "normal"),
        (api.get("/console/session"), "envelock.console-session.read", 401, "critical"),
    ];
    for (call, action, status, severity) in rows {
        let before = events(&api).len();
        let answer = call.send().await;
        assert_eq!(answer.status.as_u16(), status, "{action}: {}", answer.text);
        let after = events(&api);
        assert_eq!(after.len(), before + 1, "{action}");
        let event = &after[before];
        assert_eq!(event["action"], action);
        assert_eq!(event["reason"]["reasonCode"], status, "{action}");
        assert_eq!(event["severity"], severity, "{action} {status}");
        let failed = status >= 400;
        assert_eq!(event["outcome"], if failed { "failure" } else { "success" }, "{action}");
        assert_eq!(event["message"].as_str().expect("text").ends_with(" -failure"), failed);
        assert_eq!(event["correlationId"], answer.header("correlation-id"));
    }
}

#[tokio::test]
async fn without_its_event_nothing_is_answered() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let wrapped = api.wrap(&id, json!({})).await;
    api.tables().fill_journal();
    let answer = api.act(&id, "unwrap", json!({"ciphertext": wrapped["ciphertext"]})).await;
    answer.refused(500, "INTERNAL_ERR");
    assert!(!answer.text.contains(wrapped["plaintext"].as_str().expect("text")));
    assert!(!answer.text.contains("the journal is full"), "internals are for the log");
    api.tables().empty_journal();
    api.act(&id, "unwrap", json!({"ciphertext": wrapped["ciphertext"]})).await.is(StatusCode::OK);
}

#[tokio::test]
async fn events_cannot_be_changed_or_removed() {
    let api = Api::new().await;
    api.root_key().await;
    for sql in ["DELETE FROM events", "UPDATE events SET event = '{}'"] {
        let error = api.tables().execute(sql).expect_err("refused");
        assert!(error.contains("append-only"), "{error}");
    }
}

#[tokio::test]
async fn a_refused_request_cannot_make_a_large_event() {
    let api = Api::new().await;
    let path = format!("/api/v2/keys/{}", "%C3%A9".repeat(500));
    for ring in ["r".repeat(5000), "r".repeat(101), "r".to_owned(), "a ring".to_owned()] {
        let call = api.get(&path).token("nobody").header("user-agent", &"a".repeat(5000));
        call.header("x-kms-key-ring", &ring).send().await.refused(401, "UNAUTHORIZED_ERR");
        let event = last(&api);
        assert_eq!(event["initiator"]["host"]["agent"], "a".repeat(256));
        assert_eq!(event["requestData"]["requestURI"], path[..256]);
        assert_eq!(event["requestData"]["keyRingId"], Value::Null);
        assert!(event.to_string().len() < 3000, "{event}");
        let known = api.get("/api/v2/keys").header("x-kms-key-ring", &ring).send().await;
        known.refused_for(400, "INVALID_FIELD_ERR", "field", "X-Kms-Key-Ring");
    }
    let call = api.get("/api/v2/keys").token("nobody").header("x-kms-key-ring", &"r".repeat(100));
    call.send().await.refused(401, "UNAUTHORIZED_ERR");
    assert_eq!(last(&api)["requestData"]["keyRingId"], "r".repeat(100));
}

/// Everything that callers can change, as one text.
fn changeable(api: &Api) -> String {
    let database = api.tables();
    let id = database.hex("id");
    let tables = [
        ("keys", format!("{id}, state, revision")),
        ("key_versions", id.clone()),
        ("aliases", "alias".to_owned()),
        ("service_ids", id.clone()),
        ("api_keys", id.clone()),
        ("policies", id.clone()),
        ("key_policies", format!("{id}, enabled")),
        ("registrations", "resource_crn".to_owned()),
        ("key_rings", "id".to_owned()),
        ("import_tokens", format!("{id}, remaining_retrievals")),
        ("instance_policies", "kind, enabled".to_owned()),
    ];
    let text = |(table, columns)| format!("{:?}", database.rows(&format!("SELECT {columns} FROM {table} ORDER BY 1")));
    tables.map(text).join("\n")
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_happen() {
    let api = Api::new().await;
    let (key, deleted) = (api.root_key().await, api.root_key().await);
    api.delete(&format!("/api/v2/keys/{deleted}")).send().await.is(StatusCode::NO_CONTENT);
    api.clock.advance(31);
    let someone = api.someone(&[READER], &[]).await;
    let service = api.service("discovery", &[READER], &[]).await;
    let resource = service.crn.replace(':', "%3A").replace('/', "%2F");
    api.post("/api/v2/import_token").send().await.is(StatusCode::OK);
    let before = changeable(&api);
    api.tables().fill_journal();

    let new_key = envelope(json!({"name": "new", "extractable": false, "aliases": ["new"]}));
    let new_id = json!({"account_id": api.account, "name": "new"});
    let new_api_key = json!({"name": "new", "iam_id": someone.iam_id, "account_id": api.account});
    let new_policy = api.policy(&someone.iam_id, &[WRITER], &[]);
    let new_key_policy = json!({
        "metadata": {"collectionType": "application/vnd.ibm.kms.policy+json", "collectionTotal": 1},
        "resources": [{"dualAuthDelete": {"enabled": false}}],
    });
    let new_instance_policy = json!({
        "metadata": {"collectionType": "application/vnd.ibm.kms.policy+json", "collectionTotal": 1},
        "resources": [{"policy_type": "metrics", "policy_data": {"enabled": true}}],
    });
    let new_registration = json!({
        "metadata": {"collectionType": "application/vnd.ibm.kms.registration_input+json", "collectionTotal": 1},
        "resources": [{}],
    });
    let on = |rest: &str| format!("/api/v2/keys/{key}{rest}");
    let token_for = |path: &str| if path.contains("/registrations/") { &service.token } else { &api.token };
    let changes = [
        (Method::POST, "/api/v2/keys".to_owned(), new_key, 201),
        (Method::POST, on("/actions/rotate"), Value::Null, 204),
        (Method::POST, on("/aliases/other"), Value::Null, 201),
        (Method::POST, "/api/v2/key_rings/ring-b".to_owned(), Value::Null, 201),
        (Method::PATCH, on(""), json!({"keyRingID": "default"}), 200),
        (Method::DELETE, "/api/v2/key_rings/ring-b".to_owned(), Value::Null, 204),
        (Method::GET, "/api/v2/import_token".to_owned(), Value::Null, 200),
        (Method::POST, "/api/v2/import_token".to_owned(), Value::Null, 200),
        (Method::POST, on(&format!("/registrations/{resource}")), new_registration, 201),
        (Method::DELETE, on(&format!("/registrations/{resource}")), Value::Null, 204),
        (Method::DELETE, on("/aliases/other"), Value::Null, 204),
        (Method::POST, on("/actions/disable"), Value::Null, 204),
        (Method::PUT, on("/policies"), new_key_policy, 200),
        (Method::PUT, "/api/v2/instance/policies".to_owned(), new_instance_policy, 204),
        (Method::DELETE, on(""), Value::Null, 204),
        (Method::POST, format!("/api/v2/keys/{deleted}/restore"), Value::Null, 201),
        (Method::POST, "/v1/serviceids".to_owned(), new_id, 201),
        (Method::POST, "/v1/apikeys".to_owned(), new_api_key, 201),
        (Method::POST, "/v1/policies".to_owned(), new_policy, 201),
        (Method::DELETE, format!("/v1/policies/{}", someone.policy), Value::Null, 204),
    ];
    for (method, path, body, _) in &changes {
        let answer = api.call(method.clone(), path).token(token_for(path)).json(body).send().await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}: {}", answer.text);
        assert_eq!(changeable(&api), before, "{method} {path}");
    }
    api.tables().empty_journal();
    for (method, path, body, status) in &changes {
        let known = events(&api).len();
        let answer = api.call(method.clone(), path).token(token_for(path)).json(body).send().await;
        assert_eq!(answer.status, *status, "{method} {path}: {}", answer.text);
        let events = events(&api);
        assert_eq!(events.len(), known + 1, "{method} {path}: one event");
        assert_eq!(events[known]["outcome"], "success");
        assert_eq!(events[known]["reason"]["reasonCode"], *status);
    }
}
