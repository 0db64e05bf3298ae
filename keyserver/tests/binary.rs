//! The real binary on a real socket: restart, signals, sign-in links, and logs that hold no secret.

#[path = "support/calls.rs"]
mod calls;
#[path = "support/process.rs"]
mod process;

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use calls::{code_of, send, token};
use process::Running;
use serde_json::{Value, json};

#[test]
fn a_whole_life_leaves_no_secret_in_the_logs() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let api_key = server.said("api_key").to_owned();
    let code = code_of(server.said("sign_in_url"));
    let token = token(&server, &api_key);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("bluemix-instance", server.said("instance"))];
    let call = |method: &str, path: &str, body: &Value| send(&server, method, path, &headers, &body.to_string());

    let payload = "c2VjcmV0IG1hdGVyaWFsIG9mIGEgcm9vdCBrZXkgISE=";
    let plaintext = "YSBzZWNyZXQgZGF0YSBrZXkgb2YgYSBjYWxsZXIgISE=";
    let context = "a-secret-looking-context";
    let key_type = "application/vnd.ibm.kms.key+json";
    let create = json!({
        "metadata": {"collectionType": key_type, "collectionTotal": 1},
        "resources": [{"type": key_type, "name": "whole-life", "extractable": false, "payload": payload}],
    });
    let (status, _, made) = call("POST", "/api/v2/keys", &create);
    assert_eq!(status, 201, "{made}");
    let key = format!("/api/v2/keys/{}", made["resources"][0]["id"].as_str().expect("an id"));
    let (_, _, drawn) = call("POST", &format!("{key}/actions/wrap"), &json!({"aad": [context]}));
    let (_, _, wrapped) = call("POST", &format!("{key}/actions/wrap"), &json!({"plaintext": plaintext}));
    let ciphertexts = [&drawn, &wrapped].map(|answer| answer["ciphertext"].as_str().expect("text").to_owned());
    let unwrap = json!({"ciphertext": ciphertexts[0], "aad": [context]});
    let steps = [
        ("POST", "/actions/unwrap", &unwrap, 200),
        ("POST", "/actions/unwrap", &json!({"ciphertext": ciphertexts[0], "aad": ["wrong"]}), 422),
        ("POST", "/actions/wrap", &json!({"plaintext": plaintext, "aad": context}), 400),
        ("POST", "/actions/rotate", &json!({"payload": payload}), 204),
        ("POST", "/actions/rewrap", &unwrap, 200),
        ("GET", "?token=query-with-a-secret", &Value::Null, 200),
        ("POST", "/actions/disable", &Value::Null, 204),
        ("POST", "/actions/enable", &Value::Null, 409),
        ("DELETE", "", &Value::Null, 204),
        ("POST", "/restore", &Value::Null, 409),
    ];
    for (method, rest, body, expected) in steps {
        let (status, _, answer) = call(method, &format!("{key}{rest}"), body);
        assert_eq!(status, expected, "{method} {rest}: {answer}");
    }
    let (status, head, _) = send(&server, "POST", "/console/session", &[], &json!({"code": code}).to_string());
    assert_eq!(status, 200);
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: envelock_session_")).expect("a cookie");
    let cookie = cookie.split([';', '=']).nth(1).expect("a value").to_owned();
    let with_cookie = format!("envelock_session_{}={cookie}", server.said("account"));
    let with_cookie = [("cookie", with_cookie.as_str())];
    let (status, _, console) = send(&server, "POST", "/console/token", &with_cookie, "");
    assert_eq!(status, 200);
    send(
        &server,
        "POST",
        "/identity/token",
        &[],
        "grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=wrong-secret",
    );
    send(&server, "GET", "/api/v2/keys", &[("authorization", "Bearer forged-secret")], "");

    let (status, logs) = server.stop();
    assert!(status.success(), "stopped with {status}");
    assert!(logs.contains("/actions/unwrap") && logs.contains("\"status\":422"), "requests were logged");
    let master = std::fs::read_to_string(data.path().join("master.key")).expect("a file");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let secrets = [
        api_key,
        code,
        token,
        cookie,
        text(&console["access_token"]),
        text(&drawn["plaintext"]),
        plaintext.to_owned(),
        payload.to_owned(),
        context.to_owned(),
        ciphertexts[0].clone(),
        ciphertexts[1].clone(),
        master.trim().to_owned(),
        "query-with-a-secret".to_owned(),
        "wrong-secret".to_owned(),
        "forged-secret".to_owned(),
    ];
    for secret in secrets {
        assert!(!logs.contains(&secret), "{secret} is in the logs:\n{logs}");
    }
}

#[test]
fn a_restart_keeps_everything_and_shows_the_api_key_no_more() {
    let data = tempfile::tempdir().expect("a directory");
    let first = Running::start(data.path());
    let (account, api_key) = (first.said("account").to_owned(), first.said("api_key").to_owned());
    assert!(first.stop().0.success());
    let second = Running::start(data.path());
    assert_eq!(second.said("account"), account);
    assert_eq!(second.ready["api_key"], Value::Null);
    token(&second, &api_key);
}

#[test]
fn sign_in_links_can_be_made_while_the_server_runs() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let output = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"))
        .args(["sign-in-link", "--url", server.said("url"), "--data"])
        .arg(data.path())
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let link = String::from_utf8(output.stdout).expect("text");
    assert!(link.starts_with(server.said("url")));
    let body = json!({"code": code_of(&link)}).to_string();
    assert_eq!(send(&server, "POST", "/console/session", &[], &body).0, 200);
    assert_eq!(send(&server, "POST", "/console/session", &[], &body).0, 401);
}

#[test]
fn bad_configuration_is_explained_and_makes_nothing() {
    let data = tempfile::tempdir().expect("a directory");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver")).args(arguments).output().expect("runs");
        assert!(!output.status.success());
        String::from_utf8(output.stderr).expect("text")
    };
    let nowhere = data.path().join("nowhere");
    let nowhere = nowhere.to_str().expect("text");
    assert!(run(&["--data", nowhere, "--listen", "nonsense"]).contains("--listen"));
    assert!(run(&["--data", nowhere, "--region", "US South"]).contains("region"));
    assert!(run(&["--data", nowhere, "--objects-service", "kms"]).contains("`kms` is taken"));
    assert!(run(&["--data", nowhere, "--listen", "0.0.0.0:0"]).contains("--behind-tls-proxy"));
    assert!(run(&["--data", nowhere, "--listen-private", "0.0.0.0:0"]).contains("--behind-tls-proxy"));
    assert!(run(&["--data", nowhere, "--trusted-proxies", "10.0.0.0/8,nonsense"]).contains("--trusted-proxies"));
    assert!(run(&["sign-in-link", "--data", nowhere, "--url", "http://x"]).contains("start the server first"));
    assert!(!std::path::Path::new(nowhere).exists());
}

#[test]
fn a_request_under_way_is_finished_before_the_server_stops() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let address = server.said("url").strip_prefix("http://").expect("plain HTTP").to_owned();
    let form = format!("grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey={}", server.said("api_key"));
    let (first, rest) = form.split_at(10);
    let mut stream = TcpStream::connect(&address).expect("connects");
    let head =
        format!("POST /identity/token HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n{first}", form.len());
    stream.write_all(head.as_bytes()).expect("sent");
    // The head has to be read before the signal arrives, or there is no request yet.
    std::thread::sleep(Duration::from_millis(300));
    let stopping = std::thread::spawn(move || server.stop());
    std::thread::sleep(Duration::from_millis(300));
    stream.write_all(rest.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(stopping.join().expect("stops").0.success());
}

#[test]
fn a_body_that_does_not_arrive_is_given_up_and_recorded() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let address = server.said("url").strip_prefix("http://").expect("plain HTTP").to_owned();
    let mut stream = TcpStream::connect(&address).expect("connects");
    let head = format!("POST /identity/token HTTP/1.1\r\nhost: {address}\r\ncontent-length: 100\r\n\r\ngrant");
    stream.write_all(head.as_bytes()).expect("sent");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let mut start = [0; 12];
    stream.read_exact(&mut start).expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 408");
    let database = rusqlite::Connection::open(data.path().join("keyserver.db")).expect("the database");
    let event: String = database.query_row("SELECT event FROM events", [], |row| row.get(0)).expect("one event");
    assert!(event.contains("\"reasonCode\":408"), "{event}");
}

#[test]
fn a_request_whose_client_has_gone_is_finished_and_recorded_before_the_server_stops() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let mut database = rusqlite::Connection::open(data.path().join("keyserver.db")).expect("the database");
    let held = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).expect("a lock");
    let address = server.said("url").strip_prefix("http://").expect("plain HTTP").to_owned();
    let mut stream = TcpStream::connect(&address).expect("connects");
    write!(stream, "GET /api/v2/keys HTTP/1.1\r\nhost: {address}\r\n\r\n").expect("sent");
    // The request has to be under way, waiting for the database, before its client goes.
    std::thread::sleep(Duration::from_millis(300));
    drop(stream);
    std::thread::sleep(Duration::from_millis(100));
    let stopping = std::thread::spawn(move || server.stop());
    std::thread::sleep(Duration::from_millis(700));
    assert!(!stopping.is_finished(), "it did not wait for the request");
    held.commit().expect("unlocked");
    assert!(stopping.join().expect("stops").0.success());
    let events: i64 = database.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).expect("a count");
    assert_eq!(events, 1);
}

#[test]
fn what_fell_due_while_the_server_was_stopped_is_done_right_after_its_start() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let token = format!("Bearer {}", token(&server, server.said("api_key")));
    let headers = [("authorization", token.as_str()), ("bluemix-instance", server.said("instance"))];
    let key_type = "application/vnd.ibm.kms.key+json";
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(1);
    let create = json!({
        "metadata": {"collectionType": key_type, "collectionTotal": 1},
        "resources": [{"type": key_type, "name": "short", "extractable": false, "expirationDate": soon.to_string()}],
    });
    assert_eq!(send(&server, "POST", "/api/v2/keys", &headers, &create.to_string()).0, 201);
    assert!(server.stop().0.success());
    std::thread::sleep(Duration::from_secs(1));
    let server = Running::start(data.path());
    let database = rusqlite::Connection::open(data.path().join("keyserver.db")).expect("the database");
    let expired = || -> i64 {
        let count = "SELECT count(*) FROM events WHERE action = 'kms.secrets.expire'";
        database.query_row(count, [], |row| row.get(0)).expect("a count")
    };
    let started = Instant::now();
    while expired() == 0 && started.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(expired(), 1);
    assert!(server.stop().0.success());
}

#[test]
fn an_idle_connection_does_not_hold_up_the_stop() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let address = server.said("url").strip_prefix("http://").expect("plain HTTP").to_owned();
    let mut stream = TcpStream::connect(&address).expect("connects");
    write!(stream, "GET /health HTTP/1.1\r\nhost: {address}\r\n\r\n").expect("sent");
    let mut start = [0; 12];
    stream.read_exact(&mut start).expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200");
    let asked = Instant::now();
    assert!(server.stop().0.success());
    assert!(asked.elapsed() < Duration::from_secs(10), "waited {:?}", asked.elapsed());
}

#[test]
fn stopping_right_after_the_announcement_is_a_clean_stop() {
    for _ in 0..5 {
        let data = tempfile::tempdir().expect("a directory");
        let (status, logs) = Running::start(data.path()).stop();
        assert!(status.success(), "{status}: {logs}");
    }
}

#[test]
fn a_first_start_that_cannot_listen_keeps_the_api_key_for_the_next() {
    let data = tempfile::tempdir().expect("a directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let failed = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"))
        .args(["--output", "json", "--listen", &address, "--data"])
        .arg(data.path())
        .output()
        .expect("it runs");
    assert!(!failed.status.success());
    assert!(String::from_utf8_lossy(&failed.stderr).contains(&address), "says which address");
    let server = Running::start(data.path());
    assert!(!server.said("api_key").is_empty());
    server.stop();
}

#[test]
fn a_request_head_may_not_be_large() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let fits = "a".repeat(12 << 10);
    assert_eq!(send(&server, "GET", "/api/v2/keys", &[("user-agent", &fits)], "").0, 401);
    let large = "a".repeat(17 << 10);
    assert_eq!(send(&server, "GET", "/api/v2/keys", &[("user-agent", &large)], "").0, 431);
    let database = rusqlite::Connection::open(data.path().join("keyserver.db")).expect("the database");
    let events: i64 = database.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).expect("a count");
    assert_eq!(events, 1);
}

#[test]
fn behind_a_tls_proxy_the_cookie_is_for_tls_only() {
    for (flag, secure) in [(None, false), (Some("--behind-tls-proxy"), true)] {
        let data = tempfile::tempdir().expect("a directory");
        let server = Running::start_with(data.path(), flag);
        let body = json!({"code": code_of(server.said("sign_in_url"))}).to_string();
        let (status, head, _) = send(&server, "POST", "/console/session", &[], &body);
        assert_eq!(status, 200);
        assert_eq!(head.contains("; Secure"), secure, "{head}");
    }
}

#[test]
fn what_arrives_at_the_private_address_counts_as_private() {
    let data = tempfile::tempdir().expect("a directory");
    let mut server = Running::start_with(data.path(), Some("--listen-private=127.0.0.1:0"));
    let bearer = format!("Bearer {}", token(&server, server.said("api_key")));
    let instance = server.said("instance").to_owned();
    let headers = [("authorization", bearer.as_str()), ("bluemix-instance", &instance)];
    let policy = |kind: &str, attributes: Value| json!({"policy_type": kind, "policy_data": {"enabled": true, "attributes": attributes}});
    let body = json!({
        "metadata": {"collectionType": "application/vnd.ibm.kms.policy+json", "collectionTotal": 2},
        "resources": [
            policy("allowedNetwork", json!({"allowed_network": "private-only"})),
            policy("allowedIP", json!({"allowed_ip": ["127.0.0.0/8"]})),
        ],
    });
    assert_eq!(send(&server, "PUT", "/api/v2/instance/policies", &headers, &body.to_string()).0, 204);
    assert_eq!(send(&server, "GET", "/api/v2/keys", &headers, "").0, 401);
    server.ready["url"] = server.ready["private_url"].clone();
    assert_eq!(send(&server, "GET", "/api/v2/keys", &headers, "").0, 200);
    let (status, _, answer) = send(&server, "GET", "/api/v2/instance/allowed_ip_port", &headers, "");
    let port = answer["resources"][0]["private_endpoint_port"].to_string();
    assert_eq!(status, 200, "{answer}");
    assert!(server.said("private_url").ends_with(&format!(":{port}")), "{answer}");
}
