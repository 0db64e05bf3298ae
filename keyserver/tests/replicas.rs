//! Two servers over one PostgreSQL database: the real binary, twice.

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "support/calls.rs"]
mod calls;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "support/database.rs"]
mod database;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "support/process.rs"]
mod process;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use calls::{send, token};
use database::Database;
use process::Running;
use serde_json::{Value, json};
use tempfile::TempDir;

const KEY_TYPE: &str = "application/vnd.ibm.kms.key+json";

/// Two servers, and one administrator of both.
struct Pair {
    url: String,
    servers: Vec<Running>,
    data: [TempDir; 2],
    api_key: String,
    bearer: String,
}

impl Pair {
    fn new() -> Self {
        let url =
            database::fresh().expect("ENVELOCK_TEST_POSTGRES; `cargo xtask test --only keyserver-postgres` sets it");
        let data = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
        let flag = format!("--database-url={url}");
        let first = Running::start_with(data[0].path(), Some(&flag));
        fs::copy(data[0].path().join("master.key"), data[1].path().join("master.key")).expect("copied");
        let second = Running::start_with(data[1].path(), Some(&flag));
        assert!(second.ready["api_key"].is_null(), "one of them makes the administrator");
        assert_eq!(first.said("instance"), second.said("instance"));
        let api_key = first.said("api_key").to_owned();
        let bearer = format!("Bearer {}", token(&first, &api_key));
        Self { url, servers: vec![first, second], data, api_key, bearer }
    }

    /// A request to one of them, as the administrator.
    fn call(&self, server: usize, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.call_as(&self.bearer, server, method, path, body)
    }

    fn call_as(&self, bearer: &str, server: usize, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let server = &self.servers[server];
        let headers = [("authorization", bearer), ("bluemix-instance", server.said("instance"))];
        let (status, _, answer) = send(server, method, path, &headers, &body.to_string());
        (status, answer)
    }

    fn root_key(&self, server: usize) -> String {
        let (status, made) = self.call(server, "POST", "/api/v2/keys", &new_key("a key"));
        assert_eq!(status, 201, "{made}");
        made["resources"][0]["id"].as_str().expect("an id").to_owned()
    }

    fn database(&self) -> Database {
        Database::open(self.data[0].path(), Some(&self.url))
    }
}

fn new_key(name: &str) -> Value {
    json!({
        "metadata": {"collectionType": KEY_TYPE, "collectionTotal": 1},
        "resources": [{"type": KEY_TYPE, "name": name, "extractable": false}],
    })
}

/// The whole answer to a request for a new key; `None` if the server died before it was all there.
fn create(address: &str, headers: &str, name: &str) -> Option<String> {
    let body = new_key(name).to_string();
    let head = format!("POST /api/v2/keys HTTP/1.1\r\nhost: {address}\r\nconnection: close");
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(format!("{head}\r\n{headers}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.ends_with('}').then_some(answer)
}

/// What a server says that does not start.
fn refused(data: &Path, flag: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver")).arg("--data").arg(data).arg(flag).output();
    let output = output.expect("runs");
    assert!(!output.status.success());
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn each_sees_at_once_what_the_other_did() {
    let pair = Pair::new();
    let key = pair.root_key(0);
    let wrap = format!("/api/v2/keys/{key}/actions/wrap");
    let (status, wrapped) = pair.call(1, "POST", &wrap, &json!({}));
    assert_eq!(status, 200, "{wrapped}");
    let unwrap = format!("/api/v2/keys/{key}/actions/unwrap");
    let (status, opened) = pair.call(0, "POST", &unwrap, &json!({"ciphertext": wrapped["ciphertext"]}));
    assert_eq!((status, &opened["plaintext"]), (200, &wrapped["plaintext"]));
    // Either takes the other's tokens, and either takes back what the other granted.
    let other = format!("Bearer {}", token(&pair.servers[1], &pair.api_key));
    assert_eq!(pair.call_as(&other, 0, "GET", "/api/v2/keys", &Value::Null).0, 200);
    let disable = format!("/api/v2/keys/{key}/actions/disable");
    assert_eq!(pair.call(1, "POST", &disable, &Value::Null).0, 204);
    assert_eq!(pair.call(0, "POST", &wrap, &json!({})).0, 409, "a disabled key still wraps");
}

#[test]
fn no_update_is_lost_between_them() {
    let pair = Pair::new();
    let account = pair.servers[0].said("account").to_owned();
    let made = json!({"account_id": account, "name": "contended"});
    let (status, made) = pair.call(0, "POST", "/v1/serviceids", &made);
    assert_eq!(status, 201, "{made}");
    let path = format!("/v1/serviceids/{}", made["id"].as_str().expect("an id"));
    // Every client adds its letter to the name, on the condition that nobody else has changed it.
    let add = |client: usize| {
        for turn in 0..10 {
            loop {
                let server = (client + turn) % 2;
                let (_, now) = pair.call(server, "GET", &path, &Value::Null);
                let name = format!("{}{client}", now["name"].as_str().expect("a name"));
                let tag = now["entity_tag"].as_str().expect("a tag").to_owned();
                let server = &pair.servers[1 - server];
                let headers = [("authorization", pair.bearer.as_str()), ("if-match", tag.as_str())];
                let (status, _, answer) = send(server, "PUT", &path, &headers, &json!({"name": name}).to_string());
                match status {
                    200 => break,
                    409 => (),
                    _ => panic!("{status} {answer}"),
                }
            }
        }
    };
    let add = &add;
    thread::scope(|scope| (0..4).for_each(|client| drop(scope.spawn(move || add(client)))));
    let (_, end) = pair.call(0, "GET", &path, &Value::Null);
    let name = end["name"].as_str().expect("a name");
    assert_eq!(name.len(), "contended".len() + 40, "{name}");
}

#[test]
fn a_taken_name_is_taken_on_both() {
    let pair = Pair::new();
    let keys = [pair.root_key(0), pair.root_key(1)];
    for round in 0..10 {
        let make = &|server: usize| {
            let path = format!("/api/v2/keys/{}/aliases/alias-{round}", keys[server]);
            pair.call(server, "POST", &path, &Value::Null).0
        };
        let answers = thread::scope(|scope| {
            [0, 1].map(|server| scope.spawn(move || make(server))).map(|thread| thread.join().expect("an answer"))
        });
        assert!(answers == [201, 409] || answers == [409, 201], "{answers:?}");
        let (_, first) = pair.call(0, "GET", "/api/v2/keys", &Value::Null);
        let text = first.to_string();
        assert_eq!(text.matches(&format!("alias-{round}\"")).count(), 1, "{text}");
        for key in &keys {
            pair.call(round % 2, "DELETE", &format!("/api/v2/keys/{key}/aliases/alias-{round}"), &Value::Null);
        }
    }
}

#[test]
fn a_dead_server_loses_nothing_that_it_acknowledged() {
    let mut pair = Pair::new();
    let addresses: Vec<String> = pair.servers.iter().map(|server| server.said("url").replace("http://", "")).collect();
    let head = format!("authorization: {}\r\nbluemix-instance: {}", pair.bearer, pair.servers[0].said("instance"));
    let victim = pair.servers.pop();
    let (made, dead) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let load = |client: usize| {
        for turn in 0.. {
            let server = usize::from((client + turn).is_multiple_of(2) && !dead.load(Ordering::SeqCst));
            match create(&addresses[server], &head, &format!("key {client} {turn}")) {
                Some(answer) => {
                    let (line, body) = answer.split_once("\r\n\r\n").expect("an answer");
                    assert!(line.starts_with("HTTP/1.1 201"), "{answer}");
                    let body: Value = serde_json::from_str(body).expect("JSON");
                    made.lock().expect("sound").push(body["resources"][0]["id"].as_str().expect("an id").to_owned());
                }
                // It died on us: whether the key was made is not known.
                None => assert_eq!(server, 1, "the other one lives"),
            }
            if dead.load(Ordering::SeqCst) && turn > 20 {
                break;
            }
        }
    };
    let load = &load;
    thread::scope(|scope| {
        (0..4).for_each(|client| drop(scope.spawn(move || load(client))));
        thread::sleep(Duration::from_secs(2));
        // SIGKILL, in the middle of things.
        drop(victim);
        dead.store(true, Ordering::SeqCst);
    });
    let made = made.into_inner().expect("sound");
    assert!(made.len() > 20, "there was a load: {}", made.len());
    for id in &made {
        assert_eq!(pair.call(0, "GET", &format!("/api/v2/keys/{id}"), &Value::Null).0, 200, "{id}");
    }
    let sql = "SELECT count(*) FROM events WHERE action = 'kms.secrets.create'";
    let keys = pair.database().number("SELECT count(*) FROM keys");
    assert_eq!(pair.database().number(sql), keys, "each key with its event");
    // It comes back to the same data.
    let flag = format!("--database-url={}", pair.url);
    pair.servers.push(Running::start_with(pair.data[1].path(), Some(&flag)));
    assert_eq!(pair.call(1, "GET", &format!("/api/v2/keys/{}", made[0]), &Value::Null).0, 200);
}

#[test]
fn revoking_on_one_is_refusing_on_the_other_at_its_next_request() {
    let pair = Pair::new();
    let key = pair.root_key(0);
    let account = pair.servers[0].said("account").to_owned();
    let (_, identity) = pair.call(0, "POST", "/v1/serviceids", &json!({"account_id": account, "name": "service"}));
    let iam_id = identity["iam_id"].as_str().expect("an id");
    let body = json!({"name": "key", "iam_id": iam_id, "account_id": account, "store_value": false});
    let (_, made) = pair.call(0, "POST", "/v1/apikeys", &body);
    let role = "crn:v1:bluemix:public:iam::::serviceRole:Writer";
    let attribute = |name: &str, value: &str| json!({"name": name, "value": value, "operator": "stringEquals"});
    let policy = json!({
        "type": "access",
        "subjects": [{"attributes": [{"name": "iam_id", "value": iam_id}]}],
        "roles": [{"role_id": role}],
        "resources": [{"attributes": [attribute("accountId", &account), attribute("serviceName", "kms")]}],
    });
    let (status, policy) = pair.call(0, "POST", "/v1/policies", &policy);
    assert_eq!(status, 201, "{policy}");
    let bearer = format!("Bearer {}", token(&pair.servers[1], made["apikey"].as_str().expect("a key")));
    let wrap = || pair.call_as(&bearer, 1, "POST", &format!("/api/v2/keys/{key}/actions/wrap"), &json!({})).0;
    assert_eq!(wrap(), 200);
    let path = format!("/v1/policies/{}", policy["id"].as_str().expect("an id"));
    assert_eq!(pair.call(0, "DELETE", &path, &Value::Null).0, 204);
    assert_eq!(wrap(), 401, "still let in");
}

#[test]
fn both_databases_have_the_same_tables() {
    let pair = Pair::new();
    let data = tempfile::tempdir().expect("a directory");
    drop(Running::start_with(data.path(), None));
    let sqlite = Database::open(data.path(), None).rows(
        "SELECT tables.name, columns.name, columns.\"notnull\" OR columns.pk > 0
         FROM sqlite_schema tables JOIN pragma_table_info(tables.name) columns
         WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%' ORDER BY 1, 2",
    );
    let postgres = pair.database().rows(
        "SELECT table_name, column_name, (is_nullable = 'NO')::int FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name <> 'format'
         ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"",
    );
    assert!(sqlite.len() > 100, "{}", sqlite.len());
    assert_eq!(sqlite, postgres);
}

#[test]
fn servers_that_start_at_the_same_moment_make_one_installation() {
    let url = database::fresh().expect("a database");
    let key = tempfile::tempdir().expect("a directory");
    let file = key.path().join("master.key");
    drop(Running::start_with(key.path(), None));
    let start = || {
        let data = tempfile::tempdir().expect("a directory");
        fs::copy(&file, data.path().join("master.key")).expect("copied");
        (Running::start_with(data.path(), Some(&format!("--database-url={url}"))), data)
    };
    let started =
        thread::scope(|scope| [(); 3].map(|()| scope.spawn(start)).map(|thread| thread.join().expect("it starts")));
    let first = started.iter().filter(|(server, _)| server.ready["api_key"].is_string()).count();
    assert_eq!(first, 1, "one of them made it");
    let instances: Vec<&str> = started.iter().map(|(server, _)| server.said("instance")).collect();
    assert!(instances.iter().all(|instance| *instance == instances[0]), "{instances:?}");
}

#[test]
fn a_database_that_cannot_be_reached_is_said_so() {
    let data = tempfile::tempdir().expect("a directory");
    // Nobody listens on port 1.
    let error = refused(data.path(), "--database-url=postgresql://me@127.0.0.1:1/keys");
    assert!(error.contains("cannot be used") && error.contains("PostgreSQL"), "{error}");
    let error = refused(data.path(), "--database-url=postgresql://me:hunter2@127.0.0.1:1/keys");
    assert!(error.contains("--database-password-file") && !error.contains("hunter2"), "{error}");
}
