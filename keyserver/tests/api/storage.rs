//! What is on disk: everything after a restart, nothing in the clear, and never with another master key.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use axum::http::StatusCode;
use base64ct::{Base64, Encoding};
use envelock_keyserver::server::{self, MasterKeyError, StartError, SystemClock, SystemEntropy};
use serde_json::{Value, json};

use crate::support::{Api, READER, options};

async fn start(directory: &Path) -> Result<server::Server, StartError> {
    server::open(&options(directory), Arc::new(SystemClock), Arc::new(SystemEntropy)).await
}

#[tokio::test]
async fn everything_is_kept_over_a_restart() {
    let api = Api::new().await;
    let fields =
        json!({"name": "kept", "extractable": false, "aliases": ["kept"], "tags": ["t"], "description": "whole"});
    let id = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    let wrapped = api.wrap(&id, json!({"aad": ["t"]})).await;
    api.act(&id, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    let other = api.root_key().await;
    api.act(&other, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    let deleted = api.root_key().await;
    api.delete(&format!("/api/v2/keys/{deleted}")).send().await.is(StatusCode::NO_CONTENT);
    let someone = api.someone(&[READER], &[]).await;
    let paths = [&id, &other, &deleted].map(|id| format!("/api/v2/keys/{id}/metadata"));
    let mut before = Vec::new();
    for path in &paths {
        before.push(api.get(path).send().await.json);
    }
    let (account, instance, old_token) = (api.account.clone(), api.instance.clone(), api.token.clone());

    let api = api.restart().await;
    assert_eq!((&api.account, &api.instance), (&account, &instance));
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(api.get(path).send().await.json, before);
    }
    let opened = api.act("kept", "unwrap", json!({"ciphertext": wrapped["ciphertext"], "aad": ["t"]})).await;
    assert_eq!(opened.json["plaintext"], wrapped["plaintext"]);
    api.get("/api/v2/keys").token(&old_token).send().await.is(StatusCode::OK);
    let token = api.token_for(&someone.api_key).await;
    api.get("/api/v2/keys").token(&token).send().await.is(StatusCode::OK);
    api.act("kept", "rotate", Value::Null).await.refused(409, "KEY_ROTATION_NOT_PERMITTED");
}

#[tokio::test]
async fn no_file_holds_material_or_credentials_in_the_clear() {
    let api = Api::new().await;
    let root: Vec<u8> = (0..32).map(|n| n * 7 + 1).collect();
    let standard = b"the payload of a standard key".to_vec();
    let dek = b"a data key given by a caller....".to_vec();
    let import = |name: &str, extractable: bool, payload: &[u8]| json!({"name": name, "extractable": extractable, "payload": Base64::encode_string(payload)});
    let id = api.create(import("root", false, &root)).await["id"].as_str().expect("an id").to_owned();
    api.create(import("standard", true, &standard)).await;
    let generated = api.create(json!({"name": "standard", "extractable": true})).await;
    let generated = Base64::decode_vec(generated["payload"].as_str().expect("text")).expect("base64");
    let wrapped = api.wrap(&id, json!({"plaintext": Base64::encode_string(&dek), "aad": ["private context"]})).await;
    api.act(&id, "unwrap", json!({"ciphertext": wrapped["ciphertext"], "aad": ["private context"]})).await;
    let someone = api.someone(&[READER], &[]).await;
    let secrets = [
        root.clone(),
        Base64::encode_string(&root).into_bytes(),
        standard.clone(),
        Base64::encode_string(&standard).into_bytes(),
        generated.clone(),
        Base64::encode_string(&generated).into_bytes(),
        dek.clone(),
        Base64::encode_string(&dek).into_bytes(),
        b"private context".to_vec(),
        api.api_key.clone().into_bytes(),
        someone.api_key.clone().into_bytes(),
        api.sign_in_code.clone().into_bytes(),
        api.token.clone().into_bytes(),
        wrapped["ciphertext"].as_str().expect("text").as_bytes().to_vec(),
        b"PRIVATE KEY".to_vec(),
        fs::read(api.directory().join("master.key")).expect("a file").trim_ascii().to_vec(),
    ];
    let database = api.tables().everything();
    let mut seen = database.len();
    for secret in &secrets {
        assert!(!database.windows(secret.len()).any(|window| window == secret), "the database");
    }
    for entry in fs::read_dir(api.directory()).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.ends_with("master.key") || path.is_dir() {
            continue;
        }
        let bytes = fs::read(&path).expect("a file");
        seen += bytes.len();
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
        }
    }
    assert!(seen > 10_000, "the database was looked at");
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let api = Api::new().await;
    let of_sqlite = if api.tables().is_postgres() { &[][..] } else { &["keyserver.db", "keyserver.db-wal"] };
    for name in ["master.key"].iter().chain(of_sqlite) {
        let permissions = fs::metadata(api.directory().join(name)).expect("a file").permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_new_directory_is_for_its_owner_alone() {
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("made/by/the/server");
    start(&directory).await.expect("starts");
    assert_eq!(fs::metadata(&directory).expect("made").permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn it_does_not_start_without_the_right_master_key() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(start(directory.path()).await.expect("a first start"));
    let file = directory.path().join("master.key");
    let right = fs::read(&file).expect("a file");

    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("set");
    let error = start(directory.path()).await.err().expect("refused");
    assert!(matches!(error, StartError::MasterKey(MasterKeyError::TooOpen { .. })), "{error}");
    assert!(error.to_string().contains("chmod 600"), "{error}");

    fs::remove_file(&file).expect("removed");
    let error = start(directory.path()).await.err().expect("refused");
    assert!(matches!(error, StartError::MasterKey(MasterKeyError::Missing(_))), "{error}");
    assert!(!file.exists(), "a new master key was made for an old database");

    let write = |bytes: &[u8]| {
        fs::write(&file, bytes).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
    };
    for malformed in [b"".as_slice(), b"nonsense", &right[..20]] {
        write(malformed);
        let error = start(directory.path()).await.err().expect("refused");
        assert!(matches!(error, StartError::MasterKey(MasterKeyError::Malformed(_))), "{error}");
    }
    write(Base64::encode_string(&[1; 32]).as_bytes());
    let error = start(directory.path()).await.err().expect("refused");
    assert!(matches!(error, StartError::Database(_)), "{error}");
    assert!(error.to_string().contains("another master key"), "{error}");

    write(&right);
    start(directory.path()).await.expect("starts again");
}

#[tokio::test]
async fn a_directory_serves_one_server_at_a_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = start(directory.path()).await.expect("starts");
    let error = start(directory.path()).await.err().expect("refused");
    assert!(matches!(error, StartError::InUse(_)), "{error}");
    drop(first);
    start(directory.path()).await.expect("starts");
}

#[tokio::test]
async fn a_database_of_a_newer_server_is_left_alone() {
    let api = Api::new().await;
    api.tables().set_format(99);
    let copy = tempfile::tempdir().expect("a directory");
    for entry in fs::read_dir(api.directory()).expect("a directory").map(|entry| entry.expect("an entry").path()) {
        if entry.is_file() {
            fs::copy(&entry, copy.path().join(entry.file_name().expect("a name"))).expect("copied");
        }
    }
    let mut options = options(copy.path());
    options.place.database = api.place().database;
    let start = server::open(&options, Arc::new(SystemClock), Arc::new(SystemEntropy));
    let error = start.await.err().expect("refused");
    assert!(error.to_string().contains("format 99"), "{error}");
}

#[tokio::test]
async fn material_moved_to_another_key_does_not_open() {
    let api = Api::new().await;
    let (one, two) = (api.root_key().await, api.root_key().await);
    let one_id = api.tables().id(&one);
    let copy = format!(
        "UPDATE key_versions SET material = (SELECT material FROM key_versions WHERE key_id = {one_id})
         WHERE key_id != {one_id}"
    );
    assert_eq!(api.tables().execute(&copy), Ok(1));
    api.act(&two, "wrap", Value::Null).await.refused(500, "INTERNAL_ERR");
    api.act(&one, "wrap", Value::Null).await.is(StatusCode::OK);
}

#[tokio::test]
async fn a_row_changed_to_say_that_a_key_may_be_shown_does_not_show_it() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let change = |sql: &str| assert_eq!(api.tables().execute(sql), Ok(1), "{sql}");
    change("UPDATE keys SET extractable = TRUE");
    let answer = api.get(&format!("/api/v2/keys/{id}")).send().await;
    answer.refused(500, "INTERNAL_ERR");
    assert!(!answer.text.contains("payload"), "{}", answer.text);
    change("UPDATE keys SET extractable = FALSE");
    api.act(&id, "wrap", Value::Null).await.is(StatusCode::OK);
    change("UPDATE keys SET imported = TRUE");
    api.act(&id, "wrap", Value::Null).await.refused(500, "INTERNAL_ERR");
}

#[tokio::test]
async fn a_key_moved_to_another_instance_does_not_open_there() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let other = "6f2b7c1e-58c0-4f5b-9a53-0d1c2e3f4a5b";
    let database = api.tables();
    let other_id = database.id(other);
    let copy = format!(
        "INSERT INTO instances (id, name, region, account, created_at)
         SELECT {other_id}, name, region, account, created_at FROM instances"
    );
    assert_eq!(database.execute(&copy), Ok(1));
    assert_eq!(database.execute(&format!("UPDATE keys SET instance = {other_id}")), Ok(1));
    let call = api.post(&format!("/api/v2/keys/{id}/actions/wrap")).header("bluemix-instance", other);
    call.send().await.refused(500, "INTERNAL_ERR");
}

#[tokio::test]
async fn the_master_key_can_be_kept_away_from_the_database() {
    let (data, elsewhere) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let file = elsewhere.path().join("kek");
    let apart = server::Options { master_key: Some(file.clone()), ..options(data.path()) };
    let start_apart = || server::open(&apart, Arc::new(SystemClock), Arc::new(SystemEntropy));
    drop(start_apart().await.expect("a first start"));
    assert!(file.exists());
    assert!(!data.path().join("master.key").exists());
    drop(start_apart().await.expect("starts again"));
    server::sign_in_code(&apart.place, &SystemClock, &SystemEntropy).await.expect("a link needs no master key");
    let error = start(data.path()).await.err().expect("refused without the file");
    assert!(matches!(error, StartError::MasterKey(MasterKeyError::Missing(_))), "{error}");

    // Only a test that runs as root may give a file away.
    if std::os::unix::fs::chown(&file, Some(65_534), None).is_ok() {
        let error = start_apart().await.err().expect("refused");
        assert!(matches!(error, StartError::MasterKey(MasterKeyError::Foreign { owner: 65_534, .. })), "{error}");
    }
}

#[tokio::test]
async fn a_sign_in_code_leaves_a_database_of_another_format_alone() {
    let api = Api::new().await;
    let place = api.place();
    let code = || server::sign_in_code(&place, &SystemClock, &SystemEntropy);
    code().await.expect("a code while the server runs");
    for format in [0, 99] {
        api.tables().set_format(format);
        let error = code().await.expect_err("refused").to_string();
        assert!(error.contains(&format!("format {format},")), "{error}");
        assert!(error.contains("use the envelock-keyserver that the server runs with"), "{error}");
        assert_eq!(api.tables().format(), format);
    }
    assert_eq!(api.tables().number("SELECT count(*) FROM sign_in_codes"), 2, "the server's own and the first one");
}
