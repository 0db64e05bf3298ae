//! The real binary as a gateway to another one, which goes away under its calls and comes back.

#[expect(dead_code, reason = "other tests need more of it")]
#[path = "support/calls.rs"]
mod calls;
#[path = "support/chain.rs"]
mod chain;
#[path = "support/process.rs"]
mod process;

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use calls::{send, token};
use chain::Chain;
use process::Running;
use serde_json::{Value, json};

const KEY_TYPE: &str = "application/vnd.ibm.kms.key+json";

/// A caller of one server.
struct Caller<'a> {
    server: &'a Running,
    bearer: String,
}

impl<'a> Caller<'a> {
    fn new(server: &'a Running) -> Self {
        Self { server, bearer: format!("Bearer {}", token(server, server.said("api_key"))) }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, String, Value) {
        let headers = [("authorization", self.bearer.as_str()), ("bluemix-instance", self.server.said("instance"))];
        send(self.server, method, path, &headers, &body.to_string())
    }

    fn done(&self, method: &str, path: &str, body: &Value, expected: u16) -> Value {
        let (status, _, answer) = self.call(method, path, body);
        assert_eq!(status, expected, "{method} {path}: {answer}");
        answer
    }

    fn root_key(&self) -> String {
        let create = json!({
            "metadata": {"collectionType": KEY_TYPE, "collectionTotal": 1},
            "resources": [{"type": KEY_TYPE, "name": "behind a gateway", "extractable": false}],
        });
        let made = self.done("POST", "/api/v2/keys", &create, 201);
        format!("/api/v2/keys/{}", made["resources"][0]["id"].as_str().expect("an id"))
    }
}

#[test]
fn an_upstream_that_is_killed_under_calls_and_comes_back_loses_nothing() {
    let mut chain = Chain::start();
    let address =
        chain.upstream.as_ref().expect("up").said("url").strip_prefix("http://").expect("plain HTTP").to_owned();
    let caller = Caller::new(&chain.gateway);
    let key = caller.root_key();
    let (wrap, unwrap) = (format!("{key}/actions/wrap"), format!("{key}/actions/unwrap"));
    let wrapped = caller.done("POST", &wrap, &json!({"aad": ["t"]}), 200);
    let sealed = json!({"ciphertext": wrapped["ciphertext"], "aad": ["t"]});

    let (over, opened, failed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let mut downs = 0;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let (status, head, answer) = caller.call("POST", &unwrap, &sealed);
                    if status == 200 {
                        assert_eq!(answer["plaintext"], wrapped["plaintext"]);
                        opened.fetch_add(1, Ordering::SeqCst);
                    } else {
                        let code = answer["resources"][0]["reasons"][0]["code"].as_str().unwrap_or_default();
                        assert!(code.starts_with("UPSTREAM_"), "{head} {answer}");
                        failed.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        for _ in 0..3 {
            wait_for_more(&opened, 20);
            // Dropping it kills it at once.
            drop(chain.upstream.take());
            wait_for_more(&failed, 4);
            chain.upstream = Some(Running::start_at(&address, chain.upstream_data.path(), None, &[]));
            downs += 1;
        }
        wait_for_more(&opened, 20);
        over.store(true, Ordering::SeqCst);
    });
    assert_eq!(downs, 3);
    caller.done("POST", &format!("{key}/actions/rotate"), &Value::Null, 204);
    let moved = caller.done("POST", &unwrap, &sealed, 200);
    assert_eq!(moved["plaintext"], wrapped["plaintext"]);
    assert!(moved["rewrappedKeyVersion"]["id"].is_string());
    assert!(chain.gateway.stop().0.success());
}

fn wait_for_more(count: &AtomicUsize, more: usize) {
    let (until, began) = (count.load(Ordering::SeqCst) + more, Instant::now());
    while count.load(Ordering::SeqCst) < until {
        assert!(began.elapsed() < Duration::from_secs(60), "no more than {}", count.load(Ordering::SeqCst));
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn no_secret_of_either_side_is_in_the_logs_or_the_database_of_the_gateway() {
    let chain = Chain::start();
    let upstream = chain.upstream.as_ref().expect("up");
    let caller = Caller::new(&chain.gateway);
    let key = caller.root_key();
    let wrapped = caller.done("POST", &format!("{key}/actions/wrap"), &json!({}), 200);
    let sealed = json!({"ciphertext": wrapped["ciphertext"]});
    caller.done("POST", &format!("{key}/actions/unwrap"), &sealed, 200);
    caller.done("POST", &format!("{key}/actions/rewrap"), &sealed, 200);
    caller.done(
        "POST",
        &format!("{key}/actions/unwrap"),
        &json!({"ciphertext": wrapped["ciphertext"], "aad": ["x"]}),
        422,
    );
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let secrets = [upstream.said("api_key").to_owned(), text(&wrapped["plaintext"]), text(&wrapped["ciphertext"])];
    let (status, logs) = chain.gateway.stop();
    assert!(status.success());
    assert!(logs.contains("/actions/unwrap") && logs.contains("correlation"), "calls are logged");
    let mut written = logs.into_bytes();
    for name in ["keyserver.db", "keyserver.db-wal"] {
        written.extend(std::fs::read(chain.gateway_data.path().join(name)).unwrap_or_default());
    }
    for secret in secrets {
        assert!(!written.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
}
