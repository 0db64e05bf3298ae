//! Limits of the real server: who asks too often, too slowly, over too many connections, and what a stop does.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{
    calls::{send, token},
    process::Running,
};

fn address(server: &Running) -> String {
    server.said("url").strip_prefix("http://").expect("plain HTTP").to_owned()
}

fn retry_after(head: &str) -> Option<u64> {
    head.lines().find_map(|line| line.strip_prefix("retry-after: ")).map(|text| text.parse().expect("seconds"))
}

/// Events of the server with this status.
fn events(data: &std::path::Path, status: u16) -> i64 {
    let database = rusqlite::Connection::open(data.join("keyserver.db")).expect("the database");
    let pattern = format!("%\"reasonCode\":{status}%");
    database.query_row("SELECT count(*) FROM events WHERE event LIKE $1", [pattern], |row| row.get(0)).expect("a count")
}

#[test]
fn guessing_at_the_token_endpoint_is_slowed_down_and_recorded_once() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start_with(data.path(), Some("--rate-limit-sign-in=1"));
    let form = "grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=guess";
    for _ in 0..5 {
        assert_eq!(send(&server, "POST", "/identity/token", &[], form).0, 400);
    }
    for _ in 0..3 {
        let (status, head, body) = send(&server, "POST", "/identity/token", &[], form);
        assert_eq!((status, body["errorCode"].as_str()), (429, Some("RATE_LIMIT_ERR")), "{head} {body}");
        assert!((1..=2).contains(&retry_after(&head).expect("a time")), "{head}");
    }
    // Others are not in the way of it: whoever has a token goes on, and monitors are never refused.
    assert_eq!(send(&server, "GET", "/api/v2/keys", &[], "").0, 401);
    assert_eq!(send(&server, "GET", "/ready", &[], "").0, 200);
    let (status, _, body) = send(&server, "POST", "/console/session", &[], "{\"code\":\"guess\"}");
    assert_eq!((status, body["resources"][0]["reasons"][0]["code"].as_str()), (429, Some("RATE_LIMIT_ERR")), "{body}");
    assert_eq!(events(data.path(), 429), 1, "a flood of requests is none of events");
    std::thread::sleep(Duration::from_secs(2));
    token(&server, server.said("api_key"));
}

#[test]
fn a_caller_and_an_address_without_a_token_have_limits_of_their_own() {
    let data = tempfile::tempdir().expect("a directory");
    let flags = ["--rate-limit-caller=1", "--rate-limit-address=1"];
    let server = Running::start_with_flags(data.path(), &flags);
    let bearer = format!("Bearer {}", token(&server, server.said("api_key")));
    let headers = [("authorization", bearer.as_str()), ("bluemix-instance", server.said("instance"))];
    let statuses = |headers: &[(&str, &str)]| -> Vec<u16> {
        (0..6).map(|_| send(&server, "GET", "/api/v2/keys", headers, "").0).collect()
    };
    assert_eq!(statuses(&headers), [200, 200, 200, 200, 200, 429]);
    assert_eq!(statuses(&[("authorization", "Bearer forged")]), [401, 401, 401, 401, 401, 429]);
    let (status, head, body) = send(&server, "GET", "/v1/policies", &headers, "");
    assert_eq!((status, body["errors"][0]["code"].as_str()), (429, Some("RATE_LIMIT_ERR")), "{body}");
    assert!(head.contains("correlation-id: "), "{head}");
    assert_eq!(events(data.path(), 429), 2, "one for each who was refused");
}

#[test]
fn connections_beyond_the_limit_wait_until_one_ends() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start_with_flags(data.path(), &["--max-connections=2", "--head-timeout=2"]);
    let held: Vec<_> = (0..2).map(|_| TcpStream::connect(address(&server)).expect("connects")).collect();
    let asked = Instant::now();
    // Both say nothing; they are closed when a head does not come in time, and only then there is a place.
    assert_eq!(send(&server, "GET", "/health", &[], "").0, 200);
    assert!(asked.elapsed() > Duration::from_secs(1), "answered after {:?}", asked.elapsed());
    for mut stream in held {
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("set");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("closed by the server");
    }
}

#[test]
fn a_head_that_comes_byte_by_byte_is_given_up_in_time() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start_with(data.path(), Some("--head-timeout=1"));
    let mut stream = TcpStream::connect(address(&server)).expect("connects");
    let begun = Instant::now();
    let mut closed = false;
    for byte in b"GET /health HTTP/1.1\r\nx-slow: ".iter().chain([b'a'; 60].iter()) {
        if stream.write_all(&[*byte]).is_err() {
            closed = true;
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(closed && begun.elapsed() < Duration::from_secs(8), "still open after {:?}", begun.elapsed());
    assert_eq!(send(&server, "GET", "/health", &[], "").0, 200);
}

#[test]
fn readiness_goes_first_when_the_server_is_told_to_stop() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start_with(data.path(), Some("--drain-delay=2"));
    assert_eq!(send(&server, "GET", "/ready", &[], "").0, 200);
    let asked = Instant::now();
    server.signal("TERM");
    let mut ready = 200;
    while ready == 200 && asked.elapsed() < Duration::from_secs(2) {
        ready = send(&server, "GET", "/ready", &[], "").0;
    }
    assert_eq!(ready, 503);
    // What comes nevertheless is served until the balancer has seen it.
    assert_eq!(send(&server, "GET", "/health", &[], "").0, 200);
    let (status, _) = server.wait();
    assert!(status.success() && asked.elapsed() >= Duration::from_secs(2), "{status} after {:?}", asked.elapsed());
}

#[test]
fn a_deadline_ends_what_does_not_finish_and_a_second_signal_ends_it_at_once() {
    for (flag, second) in [("--drain-timeout=1", false), ("--drain-timeout=60", true)] {
        let data = tempfile::tempdir().expect("a directory");
        let server = Running::start_with(data.path(), Some(flag));
        let address = address(&server);
        let mut stream = TcpStream::connect(&address).expect("connects");
        let head = "POST /identity/token HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\ngrant";
        stream.write_all(head.as_bytes()).expect("sent");
        std::thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        server.signal("TERM");
        if second {
            std::thread::sleep(Duration::from_millis(300));
            server.signal("TERM");
        }
        let (status, logs) = server.wait();
        assert!(asked.elapsed() < Duration::from_secs(8), "ended after {:?}", asked.elapsed());
        assert_eq!(status.success(), !second, "{logs}");
        let said = if second { "a second time" } else { "still under way" };
        assert!(logs.contains(said), "{logs}");
    }
}

#[test]
fn there_is_no_core_dump_and_nobody_looks_into_the_process() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    server.stop();
}
