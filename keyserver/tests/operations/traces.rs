//! Traces, as a collector receives them.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message;

use crate::{
    calls::{send, token},
    process::Running,
};

/// A collector on a port of its own: its address, and the spans that arrive.
fn collector() -> (String, Receiver<Span>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (sender, spans) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let request = receive(&mut stream.expect("a connection"));
            for resource in request.resource_spans {
                let name = resource.resource.expect("a resource").attributes;
                assert_eq!(text(&name, "service.name"), Some("envelock-keyserver"));
                for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                    if sender.send(span).is_err() {
                        return;
                    }
                }
            }
        }
    });
    (format!("http://{address}"), spans)
}

fn receive(stream: &mut TcpStream) -> ExportTraceServiceRequest {
    let mut received = Vec::new();
    let mut piece = [0; 4096];
    let (head, body) = loop {
        let count = stream.read(&mut piece).expect("bytes");
        received.extend_from_slice(&piece[..count]);
        let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(received[..end].to_vec()).expect("text").to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        let length: usize = length.parse().expect("a number");
        if received.len() >= end + 4 + length {
            break (head, received[end + 4..end + 4 + length].to_vec());
        }
    };
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("sent");
    ExportTraceServiceRequest::decode(body.as_slice()).expect("spans")
}

fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    match value(attributes, key) {
        Some(Value::StringValue(text)) => Some(text),
        _ => None,
    }
}

#[test]
fn a_request_is_a_span_in_the_trace_of_its_caller_and_holds_no_secret() {
    let data = tempfile::tempdir().expect("a directory");
    let (endpoint, spans) = collector();
    let server = Running::start_with(data.path(), Some(&format!("--otlp-endpoint={endpoint}")));
    let token = token(&server, server.said("api_key"));
    let bearer = format!("Bearer {token}");
    let correlation = "6b1f4a58-8d7f-4f9e-9a1b-3c4d77d0a1c2";
    let headers = [
        ("authorization", bearer.as_str()),
        ("bluemix-instance", server.said("instance")),
        ("correlation-id", correlation),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    let (status, _, _) = send(&server, "GET", "/api/v2/keys/some-secret-name/metadata?x=query-secret", &headers, "");
    assert_eq!(status, 404);
    let (instance, api_key) = (server.said("instance").to_owned(), server.said("api_key").to_owned());
    let (status, logs) = server.stop();
    assert!(status.success(), "{logs}");
    let found: Vec<Span> = spans.try_iter().collect();
    let told = format!("{found:?}");
    for secret in [token.as_str(), &instance, &api_key, "some-secret-name", "query-secret"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    let span =
        found.iter().find(|span| span.name == "GET /api/v2/keys/{id}/metadata").unwrap_or_else(|| panic!("{told}"));
    assert_eq!(span.kind, SpanKind::Server as i32);
    assert_eq!(span.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes());
    assert_eq!(span.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!(text(&span.attributes, "http.route"), Some("/api/v2/keys/{id}/metadata"));
    assert_eq!(text(&span.attributes, "http.request.method"), Some("GET"));
    assert_eq!(text(&span.attributes, "envelock.correlation_id"), Some(correlation));
    assert_eq!(value(&span.attributes, "http.response.status_code"), Some(&Value::IntValue(404)));
    assert_ne!(
        span.status.as_ref().map(|status| status.code),
        Some(StatusCode::Error as i32),
        "a refusal is no failure"
    );
    assert!(span.end_time_unix_nano > span.start_time_unix_nano);
    let own = found.iter().find(|span| span.name == "POST /identity/token").unwrap_or_else(|| panic!("{told}"));
    assert!(own.parent_span_id.is_empty() && own.trace_id != span.trace_id, "without a caller's trace it is its own");
}

#[test]
fn a_collector_that_is_gone_costs_no_request() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start_with(data.path(), Some("--otlp-endpoint=http://127.0.0.1:1/v1/traces"));
    let begun = Instant::now();
    for _ in 0..5 {
        assert_eq!(send(&server, "GET", "/ready", &[], "").0, 200);
    }
    let (status, _) = server.stop();
    assert!(status.success() && begun.elapsed() < Duration::from_secs(10), "{status} after {:?}", begun.elapsed());
}
