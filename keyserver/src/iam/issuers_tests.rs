//! Against an issuer of its own on the loopback interface.
//!
//! *Invariant:* what an issuer was asked for is counted, so that a test sees what was kept.

use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex as StdMutex},
    thread,
};

use jsonwebtoken::Header;
use serde_json::{Value, json};

use super::*;
use crate::iam::signing::Signer;

/// What an issuer answers, by path, and the paths it was asked for.
#[derive(Default)]
struct Site {
    documents: HashMap<String, String>,
    asked: Vec<String>,
}

struct LocalIssuer {
    url: String,
    site: Arc<StdMutex<Site>>,
}

impl LocalIssuer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let site = Arc::new(StdMutex::new(Site::default()));
        let shared = Arc::clone(&site);
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(stream, &shared)));
        let issuer = Self { url, site };
        let discovery = json!({"issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url)});
        issuer.put("/.well-known/openid-configuration", &discovery);
        issuer
    }

    fn put(&self, path: &str, document: &Value) {
        self.site.lock().expect("whole").documents.insert(path.to_owned(), document.to_string());
    }

    fn publish(&self, signers: &[&Signer]) {
        let keys: Vec<&Jwk> = signers.iter().map(|signer| &signer.public).collect();
        self.put("/keys", &json!({"keys": keys}));
    }

    fn fetches(&self) -> usize {
        self.site.lock().expect("whole").asked.iter().filter(|path| *path == "/keys").count()
    }

    fn config(&self) -> IssuerConfig {
        IssuerConfig {
            issuer: self.url.clone(),
            audience: "envelock".into(),
            algorithms: vec![SignatureAlgorithm::Rs256, SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa],
        }
    }

    fn issuers(&self) -> Issuers {
        Issuers::new(Box::new(Loopback), vec![self.config()])
    }

    fn claims(&self) -> Value {
        json!({"iss": self.url, "aud": ["envelock"], "sub": "ada", "email": "ada@example.com", "iat": 0, "exp": 600})
    }
}

fn answer(mut stream: TcpStream, site: &StdMutex<Site>) {
    let mut request = [0; 4096];
    let length = stream.read(&mut request).expect("a request");
    let text = String::from_utf8_lossy(&request[..length]).into_owned();
    let path = text.split(' ').nth(1).expect("a path").to_owned();
    let mut site = site.lock().expect("whole");
    let (status, body) = match site.documents.get(&path) {
        Some(body) => ("200 OK", body.clone()),
        None => ("404 Not Found", String::new()),
    };
    site.asked.push(path);
    let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).expect("answered");
}

/// Plain HTTP to the loopback interface, good enough for a test.
struct Loopback;

#[async_trait]
impl Fetch for Loopback {
    async fn get(&self, url: &str) -> Result<Vec<u8>, Error> {
        let (host, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a URL");
        let mut stream = TcpStream::connect(host).map_err(|_| Error::IssuerUnreachable)?;
        // In one piece: the other side reads once.
        let request = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        if head.starts_with("HTTP/1.1 200") { Ok(body.as_bytes().to_vec()) } else { Err(Error::IssuerUnreachable) }
    }
}

fn signer(id: &str) -> Signer {
    Signer::load(id.to_owned(), Timestamp::UNIX_EPOCH, &Signer::generate().expect("a key")).expect("usable")
}

fn sign(signer: &Signer, claims: &Value) -> String {
    let header = Header { kid: Some(signer.id.clone()), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, &signer.signing).expect("signed")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("in range")
}

#[tokio::test]
async fn a_token_of_a_configured_issuer_says_who_somebody_is() {
    let (issuer, key) = (LocalIssuer::start(), signer("one"));
    issuer.publish(&[&key]);
    let outsider = issuer.issuers().verify(&sign(&key, &issuer.claims()), at(0)).await.expect("accepted");
    let subject = "ada".to_owned();
    let email = Some("ada@example.com".to_owned());
    assert_eq!(outsider, Outsider { issuer: issuer.url, subject, email, expiration: 600 });
}

#[tokio::test]
async fn what_is_wrong_with_a_token_keeps_it_out() {
    let (issuer, key, stranger) = (LocalIssuer::start(), signer("one"), signer("one"));
    issuer.publish(&[&key]);
    let issuers = issuer.issuers();
    let with = |name: &str, value: Value| {
        let mut claims = issuer.claims();
        claims[name] = value;
        sign(&key, &claims)
    };
    let secret = jsonwebtoken::EncodingKey::from_secret(b"envelock");
    let symmetric = jsonwebtoken::encode(
        &Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) },
        &issuer.claims(),
        &secret,
    );
    for token in [
        sign(&stranger, &issuer.claims()),
        with("iss", json!("https://elsewhere.example.com")),
        with("aud", json!("somebody else")),
        with("aud", Value::Null),
        with("nbf", json!(61)),
        with("iat", json!(61)),
        symmetric.expect("signed"),
        "a.b.c".to_owned(),
        "x".repeat(MAX_TOKEN_BYTES + 1),
    ] {
        let refused = issuers.verify(&token, at(0)).await;
        assert!(matches!(refused, Err(Error::TokenInvalid)), "{refused:?}");
    }
    let expired = issuers.verify(&sign(&key, &issuer.claims()), at(600)).await;
    assert!(matches!(expired, Err(Error::TokenExpired)));
    let only = IssuerConfig { algorithms: vec![SignatureAlgorithm::Ps256], ..issuer.config() };
    let stricter = Issuers::new(Box::new(Loopback), vec![only]);
    assert!(matches!(stricter.verify(&sign(&key, &issuer.claims()), at(0)).await, Err(Error::TokenInvalid)));
}

#[tokio::test]
async fn keys_are_kept_and_fetched_again_when_there_is_a_new_one() {
    let (issuer, first, second) = (LocalIssuer::start(), signer("one"), signer("two"));
    issuer.publish(&[&first]);
    let issuers = issuer.issuers();
    let mut claims = issuer.claims();
    claims["exp"] = json!(100_000);
    let (old, new) = (sign(&first, &claims), sign(&second, &claims));
    for _ in 0..3 {
        issuers.verify(&old, at(0)).await.expect("accepted");
    }
    assert_eq!(issuer.fetches(), 1);
    issuer.publish(&[&first, &second]);
    assert!(issuers.verify(&new, at(59)).await.is_err(), "asked a moment ago");
    assert_eq!(issuer.fetches(), 1);
    issuers.verify(&new, at(60)).await.expect("accepted");
    assert_eq!(issuer.fetches(), 2);
    issuer.publish(&[&second]);
    issuers.verify(&old, at(60 + 3599)).await.expect("still kept");
    assert!(issuers.verify(&old, at(60 + 3600)).await.is_err(), "withdrawn");
}

#[tokio::test]
async fn an_issuer_that_answers_for_another_is_not_believed() {
    let (issuer, key) = (LocalIssuer::start(), signer("one"));
    issuer.publish(&[&key]);
    let discovery = json!({"issuer": "https://elsewhere.example.com", "jwks_uri": format!("{}/keys", issuer.url)});
    issuer.put("/.well-known/openid-configuration", &discovery);
    let refused = issuer.issuers().verify(&sign(&key, &issuer.claims()), at(0)).await;
    assert!(matches!(refused, Err(Error::IssuerUnreachable)));
    issuer.put("/.well-known/openid-configuration", &json!({}));
    let refused = issuer.issuers().verify(&sign(&key, &issuer.claims()), at(0)).await;
    assert!(matches!(refused, Err(Error::IssuerUnreachable)));
}
