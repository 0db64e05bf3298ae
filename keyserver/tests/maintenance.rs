//! `backup`, `restore` and `fsck` of the real binary, and what the command `age` of others makes of a backup.
//!
//! Needs the commands `age`, `age-keygen` and `tar`.

#[path = "support/calls.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod calls;
#[path = "support/process.rs"]
mod process;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::{
    calls::{send, token},
    process::Running,
};

fn run(command: &mut Command) -> Output {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{program} does not run: {error}"))
}

fn keyserver(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"));
    run(command.arg(arguments[0]).arg("--data").arg(data).args(&arguments[1..]))
}

#[track_caller]
fn done(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A root key and a wrapped data key.
fn wrapped(server: &Running, token: &str) -> (String, Value) {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("bluemix-instance", server.said("instance"))];
    let body = json!({
        "metadata": {"collectionType": "application/vnd.ibm.kms.key+json", "collectionTotal": 1},
        "resources": [{"type": "application/vnd.ibm.kms.key+json", "name": "a root key", "extractable": false}],
    });
    let (status, _, made) = send(server, "POST", "/api/v2/keys", &headers, &body.to_string());
    assert_eq!(status, 201, "{made}");
    let key = made["resources"][0]["id"].as_str().expect("an id").to_owned();
    let (status, _, wrapped) = send(server, "POST", &format!("/api/v2/keys/{key}/actions/wrap"), &headers, "{}");
    assert_eq!(status, 200, "{wrapped}");
    (key, wrapped)
}

#[test]
fn a_backup_of_a_running_server_opens_with_age_and_comes_back() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (data, elsewhere) = (folder.path().join("data"), folder.path().join("elsewhere"));
    let server = Running::start(&data);
    let api_key = server.said("api_key").to_owned();
    let (key, secret) = wrapped(&server, &token(&server, &api_key));

    let made = run(Command::new("age-keygen").args(["-o", &path("identity")]));
    let told = String::from_utf8(made.stderr).expect("text");
    let recipient = told.trim().rsplit(' ').next().expect("a recipient").to_owned();
    let said = done(keyserver(&data, &["backup", "--recipient", &recipient, &path("backup.age")]));
    assert!(said.contains("Not in it: the master key"), "{said}");
    server.stop();

    // Others read it, and see what is in it and what is not.
    done(run(Command::new("age").args([
        "--decrypt",
        "-i",
        &path("identity"),
        "-o",
        &path("backup.tar"),
        &path("backup.age"),
    ])));
    let entries = done(run(Command::new("tar").args(["-tf", &path("backup.tar")])));
    let entries: Vec<&str> = entries.lines().collect();
    assert_eq!((entries.first(), entries.last()), (Some(&"envelock-backup.json"), Some(&"end.json")));
    assert!(entries.iter().any(|name| name.starts_with("tables/key_versions/")) && !entries.contains(&"master.key"));
    let keys = run(Command::new("tar").args(["-xOf", &path("backup.tar"), "--wildcards", "tables/keys/*"]));
    assert!(done(keys).contains("\"a root key\""));

    let said = done(keyserver(&elsewhere, &["restore", "--identity", &path("identity"), &path("backup.age")]));
    assert!(said.contains("Put its file in place"), "{said}");
    let refused = keyserver(&elsewhere, &["fsck"]);
    assert_eq!(refused.status.code(), Some(1), "there is no master key yet");
    fs::copy(data.join("master.key"), elsewhere.join("master.key")).expect("copied");
    let sound: Value = serde_json::from_str(&done(keyserver(&elsewhere, &["fsck", "--json"]))).expect("JSON");
    assert_eq!((&sound["findings"], &sound["versions"]), (&json!([]), &json!(1)));
    let occupied = keyserver(&elsewhere, &["restore", "--identity", &path("identity"), &path("backup.age")]);
    assert_eq!(occupied.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&occupied.stderr).contains("the database is not empty"));

    let server = Running::start(&elsewhere);
    let bearer = format!("Bearer {}", token(&server, &api_key));
    let headers = [("authorization", bearer.as_str()), ("bluemix-instance", server.said("instance"))];
    let body = json!({"ciphertext": secret["ciphertext"]}).to_string();
    let (status, _, opened) = send(&server, "POST", &format!("/api/v2/keys/{key}/actions/unwrap"), &headers, &body);
    assert_eq!((status, &opened["plaintext"]), (200, &secret["plaintext"]));
    // Damage is told by the exit code, also beside the running server.
    let database = rusqlite::Connection::open(elsewhere.join("keyserver.db")).expect("a database");
    database.execute("UPDATE key_versions SET material = randomblob(61)", []).expect("changed");
    let found = keyserver(&elsewhere, &["fsck"]);
    assert_eq!(found.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&found.stdout).contains("MATERIAL key_versions"));
    assert!(String::from_utf8_lossy(&found.stderr).contains("reading rows"));
}
