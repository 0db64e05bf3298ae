//! The canary: every KEK wraps and unwraps, or the failure says what is wrong.

use envelock::auth::Auth;
use envelock::client::{Authorized, Client, Config, Verified};
use envelock::endpoint::Endpoint;
use envelock::error::Error;
use envelock::kek::{AnyOf, Kek, KeyProtect};
use envelock::keys::RootKeyRef;
use envelock::operation::{Call, Handle, Response, Unreachable};
use envelock::secret::Secret;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Fixed, NOW, Static, answer, finish, local};

fn key_protect() -> Authorized {
    let endpoint = Endpoint::new("https://keys.example.com").expect("endpoint");
    let key = RootKeyRef::new("instance", "key").expect("names");
    Authorized::new(KeyProtect::new(endpoint, key), Auth::Bearer(Handle(0)))
}

/// Both halves against a host that answers `wrap` and `unwrap` like this.
fn verify(
    kek: Box<dyn Kek>,
    mut service: impl FnMut(&str, &Value) -> Result<Response, Unreachable>,
) -> Result<Vec<Verified>, Error> {
    let client = Client::new(Config::boxed(kek)).expect("client");
    let mut host = |call: &Call| match call {
        Call::Token(_) => Ok(Response::Token(Secret::new(b"token".to_vec()))),
        Call::Http(http) => {
            let action = http.url.rsplit('/').next().expect("an action");
            service(action, &serde_json::from_slice(http.body.expose()).expect("JSON"))
        }
        call => panic!("no use for {call:?}"),
    };
    let canary = finish(client.wrap_canary(&mut Fixed::counting(), NOW), &mut host)?;
    assert!(!format!("{canary:?}").contains("[0, 1, 2"), "no key shows");
    finish(client.unwrap_canary(canary, &mut Fixed::counting(), NOW), &mut host)
}

#[test]
fn each_kek_is_named_with_its_version() {
    let any = AnyOf::new(vec![Box::new(local("a")), Box::new(key_protect())]).expect("any-of");
    let mut plaintext = Value::Null;
    let verified = verify(Box::new(any), |action, body| match action {
        "wrap" => {
            plaintext = body["plaintext"].clone();
            answer(200, &json!({ "ciphertext": "abc", "keyVersion": { "id": "v7" } }))
        }
        _ => answer(200, &json!({ "plaintext": plaintext, "keyVersion": { "id": "v7" } })),
    });
    let expected = [("envelock-aes-kw-v1", None), ("envelock-key-protect-v1", Some("v7"))];
    let expected = expected.map(|(provider_id, version)| Verified {
        provider_id: provider_id.to_owned(),
        version: version.map(str::to_owned),
    });
    assert_eq!(verified, Ok(expected.to_vec()));
}

/// With `anyOf`, a broken second KEK would not show when a message is opened; here it does.
#[test]
fn one_that_cannot_unwrap_is_found_behind_one_that_can() {
    let any = AnyOf::new(vec![Box::new(local("a")), Box::new(key_protect())]).expect("any-of");
    let verified = verify(Box::new(any), |action, _| match action {
        "wrap" => answer(200, &json!({ "ciphertext": "abc" })),
        _ => answer(401, &json!({})),
    });
    assert_eq!(verified.map_err(|error| error.code()), Err("ERR_ACCESS_DENIED"));
}

#[test]
fn what_is_wrong_is_said_by_its_code() {
    for (status, code) in [
        (401, "ERR_ACCESS_DENIED"),
        (404, "ERR_KEY_NOT_FOUND"),
        (409, "ERR_KEY_DISABLED"),
        (410, "ERR_KEY_DELETED"),
        (503, "ERR_SERVICE_FAILED"),
    ] {
        let verified = verify(Box::new(key_protect()), |_, _| answer(status, &json!({})));
        assert_eq!(verified.map_err(|error| error.code()), Err(code));
    }
    let verified = verify(Box::new(key_protect()), |_, _| Err(Unreachable));
    assert_eq!(verified.map_err(|error| error.code()), Err("ERR_UNREACHABLE"));
}

#[test]
fn another_key_than_went_in_is_a_failure() {
    assert_eq!(verify(Box::new(Static(vec![9; 32])), |_, _| panic!("no calls")), Err(Error::UnwrapFailed));
}
