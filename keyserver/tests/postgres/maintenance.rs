//! What operators do with an installation on PostgreSQL: back it up, restore it to either database, check it, and give it
//! another master key.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    database, done, keyserver,
    objects::Objects,
    patient::{Client, Dice},
    process::Running,
};

fn fresh() -> String {
    database::fresh().expect("ENVELOCK_TEST_POSTGRES; `cargo xtask test --only keyserver-postgres` sets it")
}

/// A root key and what it wrapped.
struct Wrapped {
    key: String,
    answer: Value,
}

impl Wrapped {
    fn new(client: &Client) -> Self {
        let key = json!({"name": "a root key", "extractable": false});
        let (status, made) = client.create(key, &Dice(17).uuid()).expect("an answer");
        assert_eq!(status, 201, "{made}");
        let key = made["resources"][0]["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v2/keys/{key}/actions/wrap");
        let (status, answer) = client.send("POST", &path, &[], "{}").expect("an answer");
        assert_eq!(status, 200, "{answer}");
        Self { key, answer }
    }

    fn opens(&self, client: &Client) {
        let body = json!({"ciphertext": self.answer["ciphertext"]}).to_string();
        let path = format!("/api/v2/keys/{}/actions/unwrap", self.key);
        let (status, opened) = client.send("POST", &path, &[], &body).expect("an answer");
        assert_eq!((status, &opened["plaintext"]), (200, &self.answer["plaintext"]), "{opened}");
    }
}

#[test]
fn a_backup_comes_back_on_either_database_and_both_are_sound() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = |name: &str| folder.path().join(name);
    let (data, url) = (path("data"), fresh());
    let server = Running::start_with(&data, Some(&format!("--database-url={url}")));
    let api_key = server.said("api_key").to_owned();
    let client = Client::of(&server, &api_key);
    let wrapped = Wrapped::new(&client);
    let objects = Objects::order(&client, &server, &wrapped.key);
    let message = objects.store(&client, "report", 200_000);

    let identity = path("identity").display().to_string();
    let made = Command::new("age-keygen").args(["-o", &identity]).output().expect("age-keygen is there");
    let told = String::from_utf8(made.stderr).expect("text");
    let recipient = told.trim().rsplit(' ').next().expect("a recipient");
    let backup = path("backup.age").display().to_string();
    // Of a server that runs.
    let said = done(keyserver("backup", &data, &url, &["--recipient", recipient, &backup]));
    assert!(said.contains("1 objects"), "{said}");
    let sound: Value = serde_json::from_str(&done(keyserver("fsck", &data, &url, &["--json"]))).expect("JSON");
    assert_eq!((&sound["findings"], &sound["versions"]), (&json!([]), &json!(1)));
    let trail: Value = serde_json::from_str(&done(keyserver("verify-audit", &data, &url, &["--json"]))).expect("JSON");
    assert_eq!(trail["intact"], true, "{trail}");
    // Never over something.
    let refused = keyserver("restore", &path("over"), &url, &["--identity", &identity, &backup]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("the database is not empty"), "{refused:?}");
    assert!(server.stop().0.success());

    let postgres = format!("--database-url={}", fresh());
    for (name, flag) in [("on-postgres", Some(postgres.as_str())), ("on-sqlite", None)] {
        let data = path(name);
        let command = |command: &str, arguments: &[&str]| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"));
            program.args([command, "--data"]).arg(&data).args(flag).args(arguments).stdin(Stdio::null());
            done(program.output().expect("it runs"))
        };
        command("restore", &["--identity", &identity, &backup]);
        fs::copy(path("data/master.key"), data.join("master.key")).expect("copied");
        command("fsck", &[]);
        let server = Running::start_with(&data, flag);
        let client = Client::of(&server, &api_key);
        wrapped.opens(&client);
        assert!(objects.read(&client, "report") == message, "{name}: the same bytes");
        Wrapped::new(&client);
        assert!(server.stop().0.success());
        command("fsck", &[]);
        command("verify-audit", &[]);
    }
}

fn next_key(data: &Path) {
    let mut file = fs::OpenOptions::new();
    let file = file.write(true).create_new(true).mode(0o600).open(data.join("master.key.next"));
    file.expect("made").write_all(b"bmV4dCBtYXN0ZXIga2V5IG9mIHRoaXMgdGVzdCwgMjE=\n").expect("written");
}

#[test]
fn a_new_master_key_goes_through_two_servers_and_one_database() {
    let (data, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let url = fresh();
    let flag = format!("--database-url={url}");
    let server = Running::start_with(data.path(), Some(&flag));
    fs::copy(data.path().join("master.key"), other.path().join("master.key")).expect("copied");
    let replica = Running::start_with(other.path(), Some(&flag));
    let api_key = server.said("api_key").to_owned();
    let clients = [Client::of(&server, &api_key), Client::of(&replica, &api_key)];
    let mut kept: Vec<Wrapped> = clients.iter().map(Wrapped::new).collect();

    [data.path(), other.path()].into_iter().for_each(next_key);
    let mut rotation = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"));
    let rotation = rotation.args(["rotate-master-key", "--data"]).arg(data.path()).arg(&flag).stdin(Stdio::null());
    let mut rotation = rotation.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    while rotation.try_wait().expect("asked").is_none() {
        kept.extend(clients.iter().map(Wrapped::new));
        for wrapped in kept.iter().rev().take(6) {
            clients.iter().for_each(|client| wrapped.opens(client));
        }
    }
    let said = done(rotation.wait_with_output().expect("ended"));
    assert!(said.contains("nothing is left under the old one"), "{said}");
    fs::rename(other.path().join("master.key.next"), other.path().join("master.key")).expect("renamed");
    for wrapped in &kept {
        clients.iter().for_each(|client| wrapped.opens(client));
    }
    drop(replica);
    let replica = Running::start_with(other.path(), Some(&flag));
    let client = Client::of(&replica, &api_key);
    kept.iter().for_each(|wrapped| wrapped.opens(&client));
    done(keyserver("fsck", data.path(), &url, &[]));
    println!("{} keys, all open under the new master key", kept.len());
}
