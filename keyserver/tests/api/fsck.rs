//! `fsck` finds what was changed behind the server's back, and nothing where nothing was.

use std::{fs, path::PathBuf, sync::Arc};

use axum::http::StatusCode;
use envelock_keyserver::server::{
    Custody, SystemClock, SystemEntropy,
    maintenance::{self, CheckReport, Installation, MaintenanceError},
};
use serde_json::{Value, json};

use crate::support::Api;

/// What `fsck` says of an installation whose keys are in files.
pub(crate) async fn look(installation: &Installation) -> Result<CheckReport, MaintenanceError> {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    maintenance::check(installation, &Custody::default(), clock, entropy, &|_| ()).await
}

async fn check(api: &Api) -> CheckReport {
    let installation = Installation { place: api.place(), master_key: None };
    look(&installation).await.expect("looked at")
}

async fn story() -> (Api, PathBuf) {
    let api = Api::new().await;
    let key = api.root_key().await;
    api.act(&key, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.create(json!({"name": "standard", "extractable": true, "aliases": ["an-alias"]})).await;
    api.post("/api/v2/import_token").json(&json!({})).send().await.is(StatusCode::OK);
    let deleted = api.root_key().await;
    api.delete(&format!("/api/v2/keys/{deleted}")).send().await.is(StatusCode::NO_CONTENT);
    let store = api.encrypted_by(&key).await;
    api.store(&store, "a", 5000).await;
    api.store(&store, "b", 500).await;
    let database = api.tables();
    let file = database.value(&format!("SELECT file FROM objects WHERE {} = '61'", database.hex("name")));
    let file = api.directory().join("objects").join(file);
    (api, file)
}

#[tokio::test]
async fn a_sound_installation_is_sound() {
    let (api, _) = story().await;
    let report = check(&api).await;
    assert_eq!(report.findings, []);
    assert_eq!((report.versions, report.objects), (4, 2));
    assert!(report.rows > 20 && report.events > 8);
}

#[tokio::test]
async fn an_import_token_that_has_expired_is_no_damage() {
    let (api, _) = story().await;
    api.clock.advance(600);
    api.run_due().await;
    let database = api.tables();
    assert_eq!(database.number("SELECT count(*) FROM import_tokens WHERE length(private_key) = 0"), 1);
    assert_eq!(check(&api).await.findings, []);
}

#[tokio::test]
async fn each_kind_of_damage_is_found_and_named() {
    let damages: [(&str, &str, &str); 13] = [
        ("UPDATE key_versions SET material = randomblob(61) WHERE number = 2", "MATERIAL", "key_versions"),
        ("UPDATE keys SET extractable = NOT extractable WHERE name = 'standard'", "MATERIAL", "key_versions"),
        ("UPDATE signing_keys SET sealed = randomblob(40)", "MATERIAL", "signing_keys"),
        ("UPDATE import_tokens SET nonce = private_key", "MATERIAL", "import_tokens"),
        ("UPDATE audit_keys SET sealed = randomblob(60)", "MATERIAL", "audit_keys"),
        ("UPDATE events SET event = event || ' ' WHERE sequence = 2", "AUDIT_TRAIL", "events"),
        ("UPDATE keys SET state = 5 WHERE name = 'standard'", "KEY_STATE", "keys"),
        ("UPDATE key_versions SET number = 7 WHERE number = 2", "KEY_VERSIONS", "keys"),
        ("UPDATE aliases SET key_id = randomblob(16)", "REFERENCE_BROKEN", "aliases"),
        ("UPDATE registrations SET version_id = randomblob(16)", "REFERENCE_BROKEN", "registrations"),
        ("UPDATE instances SET stored_bytes = stored_bytes + 1 WHERE service <> 'kms'", "STORED_BYTES", "instances"),
        ("UPDATE objects SET checksum = randomblob(32) WHERE name = CAST('a' AS BLOB)", "OBJECT_ALTERED", ""),
        ("UPDATE keys SET instance = randomblob(16) WHERE name = 'standard'", "REFERENCE_BROKEN", "keys"),
    ];
    for (damage, code, what) in damages {
        let (api, _) = story().await;
        let database = api.database();
        database.pragma_update(None, "foreign_keys", false).expect("set");
        database.execute("DROP TRIGGER events_are_not_changed", []).expect("dropped");
        assert!(database.execute(damage, []).expect("changed") > 0, "{damage}");
        let report = check(&api).await;
        let named = report.findings.iter().any(|finding| finding.code == code && finding.what.starts_with(what));
        assert!(named, "{damage}: {:?}", report.findings);
    }
}

#[tokio::test]
async fn files_of_objects_are_held_against_their_rows() {
    let (api, file) = story().await;
    let codes = async || check(&api).await.findings.iter().map(|finding| finding.code).collect::<Vec<_>>();
    let bytes = fs::read(&file).expect("a file");
    let mut altered = bytes.clone();
    altered[100] ^= 1;
    fs::write(&file, altered).expect("written");
    assert_eq!(codes().await, ["OBJECT_ALTERED"]);
    fs::remove_file(&file).expect("removed");
    assert_eq!(codes().await, ["OBJECT_MISSING"]);
    fs::write(&file, &bytes).expect("written");
    fs::write(file.with_extension("more"), &bytes).expect("written");
    assert_eq!(codes().await, ["FILE_WITHOUT_OBJECT"]);
}

#[tokio::test]
async fn it_does_not_come_about_without_the_master_key() {
    let (api, _) = story().await;
    let other = api.directory().join("other.key");
    let installation = Installation { place: api.place(), master_key: Some(other) };
    let refused = look(&installation).await;
    assert_eq!(refused.expect_err("refused").code(), "MASTER_KEY_ERR");
}
