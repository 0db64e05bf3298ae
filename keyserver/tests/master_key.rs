//! A new master key while servers run: nothing stops, nothing is lost, and nothing is left under the old one.

#[path = "support/calls.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod calls;
#[path = "support/process.rs"]
mod process;

use std::{
    fs,
    os::unix::fs::{OpenOptionsExt, symlink},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use calls::{send, token};
use process::Running;
use serde_json::{Value, json};

const KEY_TYPE: &str = "application/vnd.ibm.kms.key+json";

/// A server and somebody who may do everything there.
struct Caller<'a> {
    server: &'a Running,
    bearer: String,
}

impl<'a> Caller<'a> {
    fn new(server: &'a Running, api_key: &str) -> Self {
        Self { server, bearer: format!("Bearer {}", token(server, api_key)) }
    }

    fn call(&self, method: &str, path: &str, body: &Value, expected: u16) -> Value {
        let headers = [("authorization", self.bearer.as_str()), ("bluemix-instance", self.server.said("instance"))];
        let (status, _, answer) = send(self.server, method, path, &headers, &body.to_string());
        assert_eq!(status, expected, "{method} {path}: {answer}");
        answer
    }

    fn create(&self, extractable: bool) -> Value {
        let key = json!({"type": KEY_TYPE, "name": "a key", "extractable": extractable});
        let metadata = json!({"collectionType": KEY_TYPE, "collectionTotal": 1});
        let body = json!({"metadata": metadata, "resources": [key]});
        self.call("POST", "/api/v2/keys", &body, 201)["resources"][0].clone()
    }

    /// Makes a root key and wraps a data key with it.
    fn wrap(&self) -> (String, Value) {
        let id = self.create(false)["id"].as_str().expect("an id").to_owned();
        let wrapped = self.call("POST", &format!("/api/v2/keys/{id}/actions/wrap"), &json!({}), 200);
        (id, wrapped)
    }

    fn opens(&self, (id, wrapped): &(String, Value)) {
        let unwrap = json!({"ciphertext": wrapped["ciphertext"]});
        let answer = self.call("POST", &format!("/api/v2/keys/{id}/actions/unwrap"), &unwrap, 200);
        assert_eq!(answer["plaintext"], wrapped["plaintext"]);
    }
}

fn program(command: &str, data: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"));
    program.args([command, "--data"]).arg(data).env_remove("ENVELOCK_MASTER_KEY_FILE").stdin(Stdio::null());
    program
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn started(command: &str, data: &Path) -> Child {
    program(command, data).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

#[test]
fn a_rotation_under_load_that_is_killed_once_ends_with_nothing_under_the_old_key() {
    let data = tempfile::tempdir().expect("a directory");
    let file = |name: &str| data.path().join(name);
    let server = Running::start(data.path());
    let api_key = server.said("api_key").to_owned();
    let caller = Caller::new(&server, &api_key);
    let standard = caller.create(true);
    let standard_path = format!("/api/v2/keys/{}", standard["id"].as_str().expect("an id"));
    let mut kept: Vec<_> = (0..5).map(|_| caller.wrap()).collect();
    caller.call("POST", "/api/v2/import_token", &json!({"maxAllowedRetrievals": 5}), 200);
    let old = fs::read(file("master.key")).expect("a file");

    // Killed while the servers seal under the new key already, and before it has moved anything.
    let mut killed = started("rotate-master-key", data.path());
    while !file("master.key.next").exists() {
        thread::sleep(Duration::from_millis(20));
    }
    kept.push(caller.wrap());
    killed.kill().expect("killed");
    killed.wait().expect("ended");
    kept.iter().for_each(|wrapped| caller.opens(wrapped));

    let mut rotation = started("rotate-master-key", data.path());
    let mut rounds = 0;
    while rotation.try_wait().expect("asked").is_none() {
        kept.push(caller.wrap());
        kept.iter().rev().take(5).for_each(|wrapped| caller.opens(wrapped));
        assert_eq!(
            caller.call("GET", &standard_path, &Value::Null, 200)["resources"][0]["payload"],
            standard["payload"]
        );
        caller.call("GET", "/api/v2/import_token", &Value::Null, if rounds < 5 { 200 } else { 409 });
        rounds += 1;
        thread::sleep(Duration::from_millis(200));
    }
    let said = succeeded(&rotation.wait_with_output().expect("ended"));
    assert!(said.contains("nothing is left under the old one"), "{said}");
    assert!(rounds > 3, "{rounds} rounds only");
    assert!(!file("master.key.next").exists());
    assert_eq!(fs::read(file("master.key.old")).expect("kept"), old);
    assert_ne!(fs::read(file("master.key")).expect("a file"), old);

    // The server that went through all of it, and one that never knew the old key.
    kept.push(caller.wrap());
    kept.iter().for_each(|wrapped| caller.opens(wrapped));
    assert!(server.stop().0.success());
    succeeded(&program("fsck", data.path()).output().expect("runs"));
    let server = Running::start(data.path());
    let caller = Caller::new(&server, &api_key);
    kept.iter().for_each(|wrapped| caller.opens(wrapped));
    assert_eq!(caller.call("GET", &standard_path, &Value::Null, 200)["resources"][0]["payload"], standard["payload"]);
    drop(server);

    // Nothing opens with the old one.
    fs::remove_file(file("master.key")).expect("removed");
    fs::rename(file("master.key.old"), file("master.key")).expect("renamed");
    let refused = program("serve", data.path()).output().expect("runs");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another master key"), "{refused:?}");
}

#[test]
fn a_replica_that_was_given_the_next_key_goes_through_it_as_well() {
    let (data, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let server = Running::start(data.path());
    symlink(data.path().join("keyserver.db"), other.path().join("keyserver.db")).expect("a link");
    fs::copy(data.path().join("master.key"), other.path().join("master.key")).expect("copied");
    let replica = Running::start(other.path());
    let api_key = server.said("api_key").to_owned();
    let (caller, at_replica) = (Caller::new(&server, &api_key), Caller::new(&replica, &api_key));
    let mut kept = vec![caller.wrap(), at_replica.wrap()];

    let next = "bmV4dCBtYXN0ZXIga2V5IG9mIHRoaXMgdGVzdCwgMjE=\n";
    for directory in [other.path(), data.path()] {
        let mut file = fs::OpenOptions::new();
        let file = file.write(true).create_new(true).mode(0o600).open(directory.join("master.key.next"));
        std::io::Write::write_all(&mut file.expect("made"), next.as_bytes()).expect("written");
    }
    let mut rotation = started("rotate-master-key", data.path());
    while rotation.try_wait().expect("asked").is_none() {
        kept.extend([caller.wrap(), at_replica.wrap()]);
        for wrapped in &kept {
            caller.opens(wrapped);
            at_replica.opens(wrapped);
        }
        thread::sleep(Duration::from_millis(200));
    }
    succeeded(&rotation.wait_with_output().expect("ended"));
    fs::rename(other.path().join("master.key.next"), other.path().join("master.key")).expect("renamed");
    kept.push(at_replica.wrap());
    drop(replica);
    let replica = Running::start(other.path());
    let at_replica = Caller::new(&replica, &api_key);
    kept.iter().for_each(|wrapped| at_replica.opens(wrapped));
}
