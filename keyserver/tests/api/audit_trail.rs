//! The trail as a whole: found, exported, signed, and every way to bend it in the database.

use axum::http::StatusCode;
use envelock_keyserver::server::{SystemEntropy, Verified, VerifyAudit, verify_audit, verify_audit_export};
use serde_json::{Value, json};

use crate::support::Api;

async fn verify(api: &Api, kept: Option<&Value>) -> (bool, Value) {
    let how = VerifyAudit { public_keys: Vec::new(), kept: kept.map(Value::to_string), progress: &mut |_| () };
    told(&verify_audit(&api.place(), &SystemEntropy, how).await.expect("it can be read"))
}

fn verify_export(export: &str, public_keys: &[String]) -> (bool, Value) {
    let how = VerifyAudit { public_keys: public_keys.to_vec(), kept: None, progress: &mut |_| () };
    told(&verify_audit_export(&mut export.as_bytes(), how).expect("it can be read"))
}

fn told(verified: &Verified) -> (bool, Value) {
    let report: Value = serde_json::from_str(&verified.json).expect("JSON");
    assert_eq!(report["intact"], verified.intact, "{report}");
    (verified.intact, report)
}

async fn export(api: &Api, query: &str) -> String {
    let answer = api.get(&format!("/audit/v1/export{query}")).send().await;
    answer.is(StatusCode::OK).text.clone()
}

/// What a writer to the database does, who has to remove something first.
fn bend(api: &Api, sql: &str) {
    let database = api.tables();
    database.unlock_trail();
    database.batch(sql);
}

/// Some events, signed.
async fn story() -> Api {
    let api = Api::new().await;
    let key = api.root_key().await;
    for _ in 0..3 {
        api.wrap(&key, json!({})).await;
    }
    api.run_due().await;
    api.wrap(&key, json!({})).await;
    api.run_due().await;
    api
}

async fn list(api: &Api, query: &str) -> (Vec<Value>, Option<String>) {
    let answer = api.get(&format!("/audit/v1/events?{query}")).send().await;
    let next = answer.is(StatusCode::OK).json["next"].as_str().map(str::to_owned);
    (answer.json["events"].as_array().expect("a list").clone(), next)
}

#[tokio::test]
async fn what_is_in_the_database_is_intact_and_signed_up_to_its_end() {
    let api = story().await;
    let (intact, report) = verify(&api, None).await;
    assert!(intact, "{report}");
    assert_eq!(report["records"], api.events().len());
    assert_eq!((&report["checkpoints"], &report["unsigned"]), (&json!(2), &json!(0)));
    api.root_key().await;
    let (intact, report) = verify(&api, None).await;
    assert!(intact && report["unsigned"] == 1, "{report}");
}

#[tokio::test]
async fn whatever_is_bent_in_the_database_is_found() {
    let last_two = "(SELECT max(sequence) - 1 FROM events)";
    let rows: &[(&str, &str)] = &[
        ("UPDATE events SET event = replace(event, '\"success\"', '\"failure\"') WHERE sequence = 2", "record_altered"),
        ("UPDATE events SET hash = zeroblob(32) WHERE sequence = 3", "record_altered"),
        ("UPDATE events SET hash = NULL; UPDATE events SET event = event || ' ' WHERE sequence = 3", "chain_altered"),
        ("DELETE FROM events WHERE sequence = 3", "records_missing"),
        ("DELETE FROM events WHERE sequence = 1", "records_missing"),
        (&format!("DELETE FROM events WHERE sequence > {last_two}"), "records_missing"),
        ("DELETE FROM events", "records_missing"),
        (
            "UPDATE events SET sequence = 100 WHERE sequence = 2; UPDATE events SET sequence = 2 WHERE sequence = 3;
             UPDATE events SET sequence = 3 WHERE sequence = 100",
            "record_altered",
        ),
        ("UPDATE events SET writer = randomblob(16) WHERE sequence = 4", "records_missing"),
        ("UPDATE events SET action = 'kms.secrets.list' WHERE sequence = 4", "record_misfiled"),
        ("UPDATE events SET at = at + 1000 WHERE sequence = 4", "record_misfiled"),
        ("UPDATE events SET key_id = NULL WHERE sequence = 4", "record_misfiled"),
        ("UPDATE events SET initiator = 'iam-ServiceId-x' WHERE sequence = 4", "record_misfiled"),
        ("UPDATE events SET failed = (1 = 1) WHERE sequence = 4", "record_misfiled"),
        ("UPDATE events SET correlation = zeroblob(16) WHERE sequence = 4", "record_misfiled"),
        ("UPDATE events SET instance = NULL WHERE sequence = 4", "record_misfiled"),
        ("DELETE FROM audit_checkpoints WHERE number = 1", "checkpoints_missing"),
        ("UPDATE audit_checkpoints SET sequence = sequence - 1 WHERE number = 2", "signature_wrong"),
        ("UPDATE audit_checkpoints SET at = at + 1 WHERE number = 1", "signature_wrong"),
        ("UPDATE audit_checkpoints SET signature = zeroblob(64) WHERE number = 1", "signature_wrong"),
    ];
    for (sql, code) in rows {
        let api = story().await;
        bend(&api, sql);
        let (intact, report) = verify(&api, None).await;
        assert!(!intact, "{sql}");
        assert_eq!(report["findings"][0]["code"], *code, "{sql}: {report}");
    }
}

#[tokio::test]
async fn an_end_that_was_cut_off_with_its_checkpoint_is_found_by_a_checkpoint_kept_elsewhere() {
    let api = story().await;
    let listed = api.get("/audit/v1/checkpoints").send().await;
    let kept = listed.is(StatusCode::OK).json["checkpoints"][1].clone();
    assert!(verify(&api, Some(&kept)).await.0);
    let cut = "DELETE FROM events WHERE sequence > (SELECT sequence FROM audit_checkpoints WHERE number = 1);
               DELETE FROM audit_checkpoints WHERE number > 1";
    bend(&api, cut);
    assert!(verify(&api, None).await.0, "a shorter trail is a trail");
    let (intact, report) = verify(&api, Some(&kept)).await;
    assert!(!intact);
    assert_eq!(report["findings"], json!([{"code": "end_cut_off", "last": 1, "kept": 2}]));
}

#[tokio::test]
async fn what_was_changed_before_it_was_signed_contradicts_its_checkpoint() {
    let api = Api::new().await;
    api.root_key().await;
    let head = "(SELECT max(sequence) FROM events)";
    let bent = format!(
        "UPDATE events SET hash = NULL, event = replace(event, 'a root key', 'another key') WHERE sequence = {head}"
    );
    bend(&api, &bent);
    api.run_due().await;
    let (intact, report) = verify(&api, None).await;
    assert!(!intact);
    assert_eq!(report["findings"][0]["code"], "chain_altered", "{report}");
}

#[tokio::test]
async fn an_export_is_proved_by_the_published_key_and_by_no_other() {
    let api = story().await;
    let export = export(&api, "").await;
    let keys = api.get("/audit/v1/keys").without("authorization").send().await;
    let key = &keys.is(StatusCode::OK).json["keys"][0];
    let text = |name: &str| key[name].as_str().expect("a text").to_owned();
    for pinned in [text("fingerprint"), text("public_key")] {
        let (intact, report) = verify_export(&export, &[pinned]);
        assert!(intact && report["keys_pinned"] == true && report["unsigned"] == 0, "{report}");
    }
    let (intact, report) = verify_export(&export, &["0".repeat(64)]);
    assert!(!intact);
    assert_eq!(report["findings"][0]["code"], "key_unknown");
    assert_eq!(api.events().last().expect("an event")["action"], "envelock.audit-trail.export");
}

#[tokio::test]
async fn a_part_of_the_trail_is_exported_from_checkpoint_to_checkpoint() {
    let api = story().await;
    let whole = verify_export(&export(&api, "").await, &[]).1["records"].as_u64().expect("a count");
    let (intact, first) = verify_export(&export(&api, "?until=1").await, &[]);
    assert!(intact && first["from_start"] == true && first["checkpoints"] == 1, "{first}");
    let (intact, rest) = verify_export(&export(&api, "?after=1").await, &[]);
    assert!(intact && rest["from_start"] == false, "{rest}");
    // Each export leaves an event.
    let records = |report: &Value| report["records"].as_u64().expect("a count");
    assert_eq!(records(&first) + records(&rest), whole + 2);
    let (intact, none) = verify_export(&export(&api, "?from=2027-01-01T00:00:00Z").await, &[]);
    assert!(intact && none["records"] == 0, "{none}");
    let wrong = api.get("/audit/v1/export?after=999").send().await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{}", wrong.text);
}

#[tokio::test]
async fn several_servers_over_one_database_have_chains_of_their_own_and_one_row_of_checkpoints() {
    let api = story().await;
    let (replica, _directory) = api.replica().await;
    replica.run_due().await;
    let before = api.events().len();
    let listed = tower::ServiceExt::oneshot(
        replica.router.clone(),
        axum::http::Request::get("/api/v2/keys").body(axum::body::Body::empty()).expect("a request"),
    );
    listed.await.expect("infallible");
    assert_eq!(api.events().len(), before + 1);
    replica.run_due().await;
    api.root_key().await;
    api.run_due().await;
    let (intact, report) = verify(&api, None).await;
    assert!(intact && report["unsigned"] == 0 && report["checkpoints"] == 4, "{report}");
    let whole = export(&api, "").await;
    assert!(verify_export(&whole, &[]).0);
    for after in 1..=4 {
        let (intact, report) = verify_export(&export(&api, &format!("?after={after}")).await, &[]);
        assert!(intact, "{after}: {report}");
    }
}

#[tokio::test]
async fn a_chain_that_a_killed_server_left_is_signed_by_the_next_unless_it_was_altered() {
    for (sql, signed) in [("", true), ("UPDATE events SET event = event || ' ' WHERE sequence = 7", false)] {
        let api = story().await;
        api.root_key().await;
        bend(&api, sql);
        let api = api.restart().await;
        api.run_due().await;
        let (_, report) = verify(&api, None).await;
        assert_eq!((&report["checkpoints"], &report["unsigned"]), (&json!(3), &json!(1)), "it may still run elsewhere");
        api.clock.advance(61);
        api.run_due().await;
        let (intact, report) = verify(&api, None).await;
        assert_eq!((intact, report["checkpoints"] == 4), (signed, signed), "{report}");
    }
}

#[tokio::test]
async fn events_are_found_by_what_they_say() {
    let api = Api::new().await;
    let key = api.root_key().await;
    api.clock.advance(10);
    let correlation = "0b9f7d0e-7e43-4a0b-8f3f-2f1d6c5b4a39";
    let wrap = api.post(&format!("/api/v2/keys/{key}/actions/wrap")).header("correlation-id", correlation);
    wrap.send().await.is(StatusCode::OK);
    api.get("/api/v2/keys").without("authorization").send().await.refused(401, "UNAUTHORIZED_ERR");
    let me = api.events()[1]["initiator"]["id"].as_str().expect("an id").to_owned();
    for (query, actions) in [
        ("action=kms.secrets.wrap", &["kms.secrets.wrap"][..]),
        (&format!("key={key}"), &["kms.secrets.wrap", "kms.secrets.create"]),
        (&format!("key={key}&until=2026-01-10T09:00:05Z"), &["kms.secrets.create"]),
        (&format!("key={key}&from=2026-01-10T09:00:05Z"), &["kms.secrets.wrap"]),
        (&format!("correlation={correlation}"), &["kms.secrets.wrap"]),
        ("outcome=failure", &["kms.secrets.list"]),
        (&format!("instance={}&outcome=success", api.instance), &["kms.secrets.wrap", "kms.secrets.create"]),
        (&format!("initiator={me}&action=kms.secrets.create"), &["kms.secrets.create"]),
        ("action=kms.secrets.purge", &[]),
    ] {
        let (found, next) = list(&api, query).await;
        let names: Vec<_> = found.iter().map(|found| found["event"]["action"].as_str().expect("a name")).collect();
        assert_eq!((names.as_slice(), next), (actions, None), "{query}");
        assert_eq!(api.events().last().expect("an event")["action"], "envelock.audit-event.list");
    }
    for query in ["outcome=maybe", "key=x", "from=yesterday", "limit=0", "limit=1001", "start=1.2", "correlation=x"] {
        let answer = api.get(&format!("/audit/v1/events?{query}")).send().await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn pages_are_stable_while_events_arrive() {
    let api = Api::new().await;
    for _ in 0..10 {
        api.get("/api/v2/keys").send().await.is(StatusCode::OK);
    }
    let known: Vec<Value> = api.events().into_iter().rev().collect();
    let (mut seen, mut start) = (Vec::new(), String::new());
    loop {
        let (found, next) = list(&api, &format!("until=2026-01-10T09:00:01Z&limit=3{start}")).await;
        seen.extend(found.into_iter().map(|found| found["event"].clone()));
        api.clock.advance(1);
        match next {
            Some(next) => start = format!("&start={next}"),
            None => break,
        }
    }
    assert_eq!(seen, known);
}
