//! Requests to the real server binary, over the socket.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::Value;

use crate::process::Running;

/// One request over a connection of its own: status, head, and the body if it is JSON.
pub(crate) fn send(
    server: &Running,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String, Value) {
    let address = server.said("url").strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(address).expect("connects");
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}");
    // In one piece: a server that refuses a large head closes while the rest would still be on its way.
    stream.write_all(format!("{head}\r\n{headers}\r\n{body}").as_bytes()).expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
}

/// API key → access token.
pub(crate) fn token(server: &Running, api_key: &str) -> String {
    let form = format!("grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey={api_key}");
    let (status, _, body) = send(server, "POST", "/identity/token", &[], &form);
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().expect("a token").to_owned()
}

/// The code of a sign-in link.
pub(crate) fn code_of(url: &str) -> String {
    url.trim().split_once("/#/sign-in?code=").expect("a sign-in link").1.to_owned()
}
