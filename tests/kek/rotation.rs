//! What an unwrap answer says beyond the key: the copy under a newer version, the lease, the version; and other names.

use envelock::auth::Auth;
use envelock::client::Authorized;
use envelock::context::EncryptionContext;
use envelock::endpoint::Endpoint;
use envelock::error::Error;
use envelock::kek::{AllOf, Kek, KeyProtect};
use envelock::keys::{DataKey, Edk, RootKeyRef, Unwrapped};
use envelock::operation::{Call, Handle, Response};
use envelock::secret::Secret;
use envelock::time::Duration;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Fixed, NOW, answer, finish, local, same_key};

const PLAINTEXT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn key_protect(key: &str, aliases: &[&str]) -> Authorized {
    let endpoint = Endpoint::new("https://keys.example.com").expect("endpoint");
    let kek = KeyProtect::new(endpoint, RootKeyRef::new("instance", key).expect("names"));
    let kek = kek.also_named(aliases.iter().map(|alias| (*alias).to_owned()).collect()).expect("aliases");
    Authorized::new(kek, Auth::Bearer(Handle(0)))
}

fn edk(name: &str, ciphertext: &str) -> Edk {
    Edk {
        provider_id: "envelock-key-protect-v1".to_owned(),
        provider_info: format!("instance/{name}").into_bytes(),
        ciphertext: ciphertext.as_bytes().to_vec(),
    }
}

/// Unwraps with a service that answers `body` to every action; the URLs that were called.
fn unwrap(kek: &dyn Kek, edk: &Edk, body: &Value) -> (Option<Result<Unwrapped, Error>>, Vec<String>) {
    let mut urls = Vec::new();
    let step = kek.unwrap(edk, &EncryptionContext::default(), &mut Fixed::counting(), NOW);
    let step = match step {
        Ok(None) => return (None, urls),
        Ok(Some(step)) => Ok(step),
        Err(error) => Err(error),
    };
    let unwrapped = finish(step, |call| match call {
        Call::Token(Handle(0)) => Ok(Response::Token(Secret::new(b"token".to_vec()))),
        Call::Http(http) => {
            urls.push(http.url.clone());
            answer(200, body)
        }
        call => panic!("no use for {call:?}"),
    });
    (Some(unwrapped), urls)
}

#[test]
fn an_answer_after_a_rotation_holds_a_new_copy() {
    let rotated = json!({
        "plaintext": PLAINTEXT, "keyVersion": { "id": "v1" },
        "ciphertext": "bmV3", "rewrappedKeyVersion": { "id": "v2" }, "lease": 60,
    });
    let (unwrapped, _) = unwrap(&key_protect("k", &[]), &edk("k", "b2xk"), &rotated);
    let unwrapped = unwrapped.expect("its entry").expect("unwrapped");
    assert_eq!(unwrapped.rewrapped, Some(edk("k", "bmV3")));
    assert_eq!(unwrapped.lease, Some(Duration::from_secs(60)));
    assert_eq!(unwrapped.version.as_deref(), Some("v1"));

    let plain = json!({ "plaintext": PLAINTEXT, "keyVersion": { "id": "no\nname" } });
    let (unwrapped, _) = unwrap(&key_protect("k", &[]), &edk("k", "b2xk"), &plain);
    let unwrapped = unwrapped.expect("its entry").expect("unwrapped");
    assert_eq!((unwrapped.rewrapped, unwrapped.lease, unwrapped.version), (None, None, None));
}

#[test]
fn other_names_of_the_key_open_too_and_the_key_is_asked_for_by_its_own() {
    let body = json!({
        "plaintext": PLAINTEXT, "ciphertext": "bmV3", "rewrappedKeyVersion": { "id": "v2" },
    });
    let kek = key_protect("id-1", &["invoices", "bills"]);
    for name in ["id-1", "invoices", "bills"] {
        let (unwrapped, urls) = unwrap(&kek, &edk(name, "b2xk"), &body);
        assert_eq!(urls, ["https://keys.example.com/api/v2/keys/id-1/actions/unwrap"], "{name}");
        let unwrapped = unwrapped.expect("its entry").expect("unwrapped");
        assert_eq!(unwrapped.rewrapped, Some(edk(name, "bmV3")), "a new copy keeps the name of the entry");
    }
    for name in ["invoice", "Invoices", "id-1/invoices", ""] {
        assert!(unwrap(&kek, &edk(name, "b2xk"), &body).0.is_none(), "{name}");
    }
}

#[test]
fn what_is_no_text_of_a_wrapped_key_is_not_sent() {
    for ciphertext in ["", "a\"b", "a\\b", "a b", "a\nb", "é"] {
        let (unwrapped, urls) = unwrap(&key_protect("k", &[]), &edk("k", ciphertext), &json!({}));
        assert_eq!(unwrapped.map(|result| result.err()), Some(Some(Error::UnwrapFailed)), "{ciphertext:?}");
        assert!(urls.is_empty());
    }
}

/// One part under a newer version makes the whole entry new, and the data key stays.
#[test]
fn parts_of_several_are_rewrapped_in_their_place() {
    let kek = AllOf::new(vec![Box::new(local("a")), Box::new(key_protect("k", &[]))]).expect("all-of");
    let (key, wrapping) = kek.generate(&EncryptionContext::default(), &mut Fixed::counting(), NOW).expect("generated");
    let mut plaintext = String::new();
    let edks = finish(Ok(wrapping), |call| match call {
        Call::Http(http) => {
            let body: Value = serde_json::from_slice(http.body.expose()).expect("JSON");
            plaintext = body["plaintext"].as_str().expect("text").to_owned();
            answer(200, &json!({ "ciphertext": "b2xk" }))
        }
        _ => Ok(Response::Token(Secret::new(b"token".to_vec()))),
    });
    let edk = edks.expect("wrapped").remove(0);
    let rotated = json!({
        "plaintext": plaintext, "ciphertext": "bmV3ZXI=", "rewrappedKeyVersion": { "id": "v2" }, "lease": 30,
    });
    let unwrapped = unwrap(&kek, &edk, &rotated).0.expect("its entry").expect("unwrapped");
    assert!(same_key(&unwrapped.key, &key));
    assert_eq!(unwrapped.lease, Some(Duration::from_secs(30)));
    let new = unwrapped.rewrapped.expect("a new copy");
    assert_eq!(new.provider_info, edk.provider_info);
    assert_eq!(new.ciphertext.len(), edk.ciphertext.len() + 4);
    let plain = json!({ "plaintext": plaintext });
    let again = unwrap(&kek, &new, &plain).0.expect("its entry").expect("unwrapped");
    assert!(same_key(&again.key, &key) && again.rewrapped.is_none());
    let other = DataKey::generate(&mut Fixed::new([9])).expect("data key");
    assert!(!same_key(&again.key, &other), "the comparison tells keys apart");
}
