//! Tokens: kept, renewed ahead, and fetched once for all who wait.

use envelock::auth::{ApiKey, Auth};
use envelock::client::Authorized;
use envelock::context::EncryptionContext;
use envelock::endpoint::Endpoint;
use envelock::error::Error;
use envelock::kek::{Kek, KeyProtect, Wrapping};
use envelock::keys::{DataKey, RootKeyRef};
use envelock::operation::{Call, Operation, Response, Step, Unreachable};
use envelock::secret::Secret;
use envelock::time::{Duration, Timestamp};
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Fixed, answer};

/// Life of the tokens that are given out, seconds.
const LIFE: u64 = 1000;

/// What a call wants of the host.
#[derive(Debug, PartialEq)]
enum Asks {
    Identity,
    /// The key service, with this token.
    Key(String),
    Wait,
    Nothing,
}

/// A call under way, at a time of its own.
struct Job(Option<Result<Wrapping, Error>>);

impl Job {
    fn start(kek: &Authorized, seconds: u64) -> Self {
        let key = DataKey::generate(&mut Fixed::counting()).expect("data key");
        Self(Some(kek.wrap(&key, &EncryptionContext::default(), &mut Fixed::counting(), at(seconds))))
    }

    fn asks(&self) -> Asks {
        match self.0.as_ref().expect("a step") {
            Ok(Step::Send(_, request)) => match &request.call {
                Call::Http(http) => match &http.bearer {
                    None => Asks::Identity,
                    Some(token) => Asks::Key(String::from_utf8(token.expose().to_vec()).expect("text")),
                },
                Call::Wait => {
                    assert!(!request.delay.is_zero(), "would spin");
                    Asks::Wait
                }
                _ => panic!("no use for {request:?}"),
            },
            Ok(Step::Done(_)) | Err(_) => Asks::Nothing,
        }
    }

    fn reply(&mut self, reply: Result<Response, Unreachable>, seconds: u64) -> Asks {
        let Some(Ok(Step::Send(operation, _))) = self.0.take() else { panic!("asks for nothing") };
        self.0 = Some(operation.resume(reply, at(seconds)));
        self.asks()
    }

    fn token(&mut self, token: &str, seconds: u64) -> Asks {
        self.reply(answer(200, &json!({ "access_token": token, "expires_in": LIFE })), seconds)
    }

    fn wrapped(&mut self, seconds: u64) {
        assert_eq!(self.reply(answer(200, &json!({ "ciphertext": "abc" })), seconds), Asks::Nothing);
        assert!(matches!(self.0, Some(Ok(Step::Done(_)))), "wrapped");
    }

    fn error(self) -> Error {
        match self.0 {
            Some(Err(error)) => error,
            _ => panic!("must have failed"),
        }
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(seconds))
}

fn kek() -> Authorized {
    let endpoint = || Endpoint::new("https://keys.example.com").expect("endpoint");
    let key = ApiKey::new(Secret::new(b"key-1".to_vec()), endpoint()).expect("API key");
    let root = RootKeyRef::new("instance", "key").expect("names");
    Authorized::new(KeyProtect::new(endpoint(), root), Auth::ApiKey(key))
}

fn key(token: &str) -> Asks {
    Asks::Key(token.to_owned())
}

#[test]
fn a_token_is_kept_until_four_fifths_of_its_life_are_over() {
    let kek = kek();
    let mut first = Job::start(&kek, 0);
    assert_eq!((first.asks(), first.token("t1", 0)), (Asks::Identity, key("t1")));
    assert_eq!(Job::start(&kek, 799).asks(), key("t1"));
    let mut second = Job::start(&kek, 800);
    assert_eq!((second.asks(), second.token("t2", 801)), (Asks::Identity, key("t2")));
    assert_eq!(Job::start(&kek, 802).asks(), key("t2"));
}

#[test]
fn one_call_fetches_for_all_who_wait() {
    let kek = kek();
    let mut first = Job::start(&kek, 0);
    let mut others: Vec<Job> = (0..3).map(|_| Job::start(&kek, 0)).collect();
    assert_eq!(first.asks(), Asks::Identity);
    for other in &mut others {
        assert_eq!((other.asks(), other.reply(Ok(Response::Waited), 1)), (Asks::Wait, Asks::Wait));
    }
    assert_eq!(first.token("t1", 2), key("t1"));
    for other in &mut others {
        assert_eq!(other.reply(Ok(Response::Waited), 2), key("t1"));
        other.wrapped(3);
    }
    first.wrapped(3);
}

#[test]
fn nobody_waits_for_a_call_that_was_given_up() {
    let kek = kek();
    let first = Job::start(&kek, 0);
    let (mut second, mut third) = (Job::start(&kek, 0), Job::start(&kek, 0));
    drop(first);
    assert_eq!(second.reply(Ok(Response::Waited), 1), Asks::Identity);
    assert_eq!(third.reply(Ok(Response::Waited), 1), Asks::Wait);
    assert_eq!(second.token("t1", 1), key("t1"));
    assert_eq!(third.reply(Ok(Response::Waited), 1), key("t1"));
}

#[test]
fn who_waits_shares_the_failure() {
    let kek = kek();
    let (mut first, mut second) = (Job::start(&kek, 0), Job::start(&kek, 0));
    assert_eq!(first.reply(answer(400, &json!({})), 1), Asks::Nothing);
    assert_eq!(second.reply(Ok(Response::Waited), 1), Asks::Nothing);
    assert_eq!((first.error().code(), second.error().code()), ("ERR_API_KEY_REFUSED", "ERR_API_KEY_REFUSED"));
    assert_eq!(Job::start(&kek, 1).asks(), Asks::Identity, "the next call tries anew");
}

#[test]
fn an_old_token_serves_while_the_next_is_fetched() {
    let kek = kek();
    assert_eq!(Job::start(&kek, 0).token("t1", 0), key("t1"));
    let mut renewing = Job::start(&kek, 900);
    assert_eq!(renewing.asks(), Asks::Identity);
    assert_eq!(Job::start(&kek, 900).asks(), key("t1"), "nobody waits for it");
    assert_eq!(renewing.reply(answer(403, &json!({})), 901), key("t1"), "nor fails for it");
    let mut expired = Job::start(&kek, LIFE);
    assert_eq!(expired.asks(), Asks::Identity, "but it is not used beyond its life");
    assert_eq!(Job::start(&kek, LIFE).asks(), Asks::Wait);
    assert_eq!(expired.reply(answer(403, &json!({})), LIFE), Asks::Nothing);
}

#[test]
fn a_refused_token_is_replaced_once_for_all() {
    let kek = kek();
    let mut first = Job::start(&kek, 0);
    assert_eq!(first.token("t1", 0), key("t1"));
    let mut second = Job::start(&kek, 1);
    assert_eq!(first.reply(answer(401, &json!({})), 2), Asks::Identity);
    assert_eq!(first.token("t2", 3), key("t2"));
    assert_eq!(second.reply(answer(401, &json!({})), 4), key("t2"), "the new token is not thrown away");
    assert_eq!(second.reply(answer(401, &json!({})), 5), Asks::Nothing);
    assert_eq!(second.error().code(), "ERR_ACCESS_DENIED");
}
