//! A client that takes it when the server is gone, slow or says no.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::process::Running;

/// A server and what is needed to ask it something.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) instance: String,
}

/// Status and body of an answer.
pub(crate) type Answer = (u16, Value);

impl Client {
    /// The administrator's.
    pub(crate) fn of(server: &Running, api_key: &str) -> Self {
        let address = server.said("url").strip_prefix("http://").expect("plain HTTP").to_owned();
        let mut client = Self { address, token: String::new(), instance: server.said("instance").to_owned() };
        let form = format!("grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey={api_key}");
        let (status, body) = client.send("POST", "/identity/token", &[], &form).expect("an answer");
        assert_eq!(status, 200, "{body}");
        client.token = body["access_token"].as_str().expect("a token").to_owned();
        client
    }

    /// One request over a connection of its own; `None` unless the whole answer arrives.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
        let (status, body) = self.exchange(method, path, headers, body.as_bytes())?;
        Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// As [`Client::send`], with bodies of any kind.
    pub(crate) fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
             bluemix-instance: {}\r\ncontent-length: {}\r\n{more}\r\n",
            self.address,
            self.token,
            self.instance,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let body = answer.split_off(end + 4);
        let head = String::from_utf8(answer).ok()?.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        // An answer that was cut off is none.
        if length.is_some_and(|length: usize| body.len() < length) {
            return None;
        }
        Some((head.split(' ').nth(1)?.parse().ok()?, body))
    }

    /// A new key with these fields.
    pub(crate) fn create(&self, fields: Value, correlation: &str) -> Option<Answer> {
        let mut key = fields;
        key["type"] = json!("application/vnd.ibm.kms.key+json");
        let body = json!({
            "metadata": {"collectionType": "application/vnd.ibm.kms.key+json", "collectionTotal": 1},
            "resources": [key],
        });
        self.send("POST", "/api/v2/keys", &[("correlation-id", correlation)], &body.to_string())
    }
}

/// Random numbers that are the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// From 0 to below `sides`.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// A UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.below(u64::MAX), self.below(u64::MAX));
        let text = format!("{high:016x}{low:016x}");
        format!("{}-{}-4{}-8{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..])
    }
}
