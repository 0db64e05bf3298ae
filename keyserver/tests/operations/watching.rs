//! What monitors are told: metrics in the form that Prometheus reads, and the probe of containers.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::TcpStream,
    process::Command,
};

use crate::{
    calls::{send, token},
    process::Running,
};

/// A request to the listener for monitors: head and body.
fn ask(server: &Running, path: &str) -> (String, String) {
    let url = server.said("metrics_url").strip_prefix("http://").expect("plain HTTP");
    let (address, _) = url.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(address).expect("connects");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    (head.to_owned(), body.to_owned())
}

/// Series → value, after checks that the text is what Prometheus takes: types declared before their samples, no series twice.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let (mut declared, mut found) = (BTreeSet::new(), BTreeMap::new());
    assert!(text.ends_with("# EOF\n"), "{text}");
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            match (words.next(), words.next()) {
                (Some("TYPE"), Some(name)) => assert!(declared.insert(name.to_owned()), "{name} twice"),
                (Some("HELP" | "UNIT"), Some(_)) | (Some("EOF"), None) => (),
                _ => panic!("unknown comment: {line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        let name = series.split('{').next().expect("a name");
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{line}");
        let base =
            ["_total", "_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(declared.contains(base), "no type: {line}");
        assert!(found.insert(series.to_owned(), value.parse().expect("a number")).is_none(), "twice: {line}");
    }
    found
}

#[test]
fn metrics_count_requests_by_route_and_tell_no_secret_and_no_name() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start_with_flags(data.path(), &["--metrics-listen=127.0.0.1:0", "--rate-limit-sign-in=1"]);
    let token = token(&server, server.said("api_key"));
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("bluemix-instance", server.said("instance"))];
    let kind = "application/vnd.ibm.kms.key+json";
    let key = format!(
        "{{\"metadata\":{{\"collectionType\":\"{kind}\",\"collectionTotal\":1}},\"resources\":[{{\"type\":\"{kind}\",\"name\":\"named-key\",\"extractable\":false}}]}}"
    );
    let (status, _, made) = send(&server, "POST", "/api/v2/keys", &headers, &key);
    assert_eq!(status, 201, "{made}");
    let id = made["resources"][0]["id"].as_str().expect("an id");
    for _ in 0..3 {
        assert_eq!(send(&server, "POST", &format!("/api/v2/keys/{id}/actions/wrap"), &headers, "{}").0, 200);
    }
    assert_eq!(send(&server, "GET", "/api/v2/made-up/path", &headers, "").0, 404);
    for _ in 0..6 {
        send(&server, "POST", "/identity/token", &[], "grant_type=x");
    }
    let (head, text) = ask(&server, "/metrics");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("application/openmetrics-text"), "{head}");
    let found = samples(&text);
    let wrap = "method=\"POST\",route=\"/api/v2/keys/{id}/actions/wrap\",status=\"200\"";
    assert_eq!(found[&format!("envelock_requests_total{{{wrap}}}")], 3.0, "{text}");
    assert_eq!(found["envelock_key_uses_total{operation=\"wrap\"}"], 3.0);
    assert_eq!(found["envelock_requests_total{method=\"GET\",route=\"other\",status=\"404\"}"], 1.0, "{text}");
    assert!(found["envelock_rate_limited_total{limit=\"sign-in\"}"] >= 1.0);
    assert!(found["envelock_audit_append_seconds_count"] >= 3.0);
    assert!(found["envelock_chore_runs_total"] >= 1.0);
    assert!(found["process_resident_memory_bytes"] > 1e6 && found["process_cpu_seconds_total"] > 0.0);
    let buckets = "envelock_request_duration_seconds_bucket{le=\"+Inf\",route=\"/api/v2/keys/{id}/actions/wrap\"}";
    assert_eq!(found[buckets], 3.0);
    for told in [id, &token, "named-key", server.said("api_key"), server.said("account"), server.said("instance")] {
        assert!(!text.contains(told), "{told} in {text}");
    }
    assert!(ask(&server, "/api/v2/keys").0.starts_with("HTTP/1.1 404"), "monitors get nothing else");
    assert_eq!(send(&server, "GET", "/metrics", &headers, "").0, 404, "others get no metrics");
}

#[test]
fn a_probe_says_whether_the_server_is_ready() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start_with_flags(data.path(), &["--metrics-listen=127.0.0.1:0", "--drain-delay=2"]);
    let url = server.said("metrics_url").strip_prefix("http://").expect("plain HTTP");
    let address = url.strip_suffix("/metrics").expect("its path").to_owned();
    let probe = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"));
        command.args(["probe", "--metrics-listen", &address]).output().expect("it runs")
    };
    assert!(probe().status.success());
    server.signal("TERM");
    let mut told = probe();
    while told.status.success() {
        told = probe();
    }
    assert!(String::from_utf8_lossy(&told.stderr).contains("not ready"), "{told:?}");
    assert!(server.wait().0.success());
    assert!(String::from_utf8_lossy(&probe().stderr).contains("nothing answers"));
    let nowhere = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver")).arg("probe").output().expect("it runs");
    assert!(!nowhere.status.success() && String::from_utf8_lossy(&nowhere.stderr).contains("--metrics-listen"));
}
