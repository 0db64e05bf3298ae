//! What callers say of KEKs is parsed once, and refused with words.

use envelock::client::{Client, Config};
use envelock::context::EncryptionContext;
use envelock::endpoint::Endpoint;
use envelock::entropy::Entropy;
use envelock::error::Error;
use envelock::kek::{AllOf, AnyOf, Kek, KeyProtect, LocalKek};
use envelock::keys::RootKeyRef;
use envelock::message::{FrameLength, Limits};
use envelock::operation::Handle;
use envelock::secret::Secret;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{NOW, local, open, raw_aes};

#[test]
fn arguments_are_parsed_once_and_refused_with_words() {
    for address in [
        "keys.example.com",
        "ftp://keys.example.com",
        "http://keys.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com/",
        "https://",
        "https://user@keys.example.com",
        "https://keys.example.com?x=1",
        "https://keys.example.com/#f",
        "https://keys.example.com/a b",
    ] {
        assert_eq!(Endpoint::new(address).map_err(|error| error.code()), Err("ERR_INVALID_ARGUMENT"), "{address}");
    }
    for address in ["https://keys.example.com", "http://localhost:8080/", "http://127.0.0.1", "http://[::1]:80"] {
        assert!(Endpoint::new(address).is_ok(), "{address}");
    }
    let ibm = Endpoint::new("https://us-south.kms.cloud.ibm.com").expect("endpoint");
    assert_eq!(ibm.identity().as_str(), "https://iam.cloud.ibm.com");
    let with_port = Endpoint::new("https://us-south.kms.cloud.ibm.com:443/x").expect("endpoint");
    assert_eq!(with_port.identity().as_str(), "https://iam.cloud.ibm.com");
    let own = Endpoint::new("https://keys.example.com/").expect("endpoint");
    assert_eq!(own.identity().as_str(), "https://keys.example.com");
    for name in ["", "a/b", "a b", "..", "é", "a?b"] {
        assert!(RootKeyRef::new("instance", name).is_err(), "{name}");
        assert!(RootKeyRef::new(name, "key").is_err(), "{name}");
    }
    assert!(EncryptionContext::new([("aws-crypto-x".to_owned(), String::new())]).is_err());
    assert!(EncryptionContext::new([("k".to_owned(), "v".repeat(65_528))]).is_ok());
    assert!(EncryptionContext::new([("k".to_owned(), "v".repeat(65_529))]).is_err());
    assert!(FrameLength::new(0).is_err());
}

#[test]
fn a_key_is_found_by_id_alias_or_crn() {
    let guid = "9f3f9c1a-6a0e-4d7e-8d3e-1f2b3c4d5e6f";
    let crn = format!("crn:v1:bluemix:public:kms:eu-de:a/0123456789abcdef0123456789abcdef:{guid}:key:k-1");
    let own = || Endpoint::new("https://keys.example.com").ok();
    let locate = |endpoint, instance: Option<&str>, key: &str| {
        RootKeyRef::locate(endpoint, instance.map(str::to_owned), key.to_owned())
            .map(|(endpoint, key)| (endpoint.as_str().to_owned(), key.to_string()))
    };
    let found = |endpoint: &str, key: &str| Ok((endpoint.to_owned(), format!("{guid}/{key}")));
    assert_eq!(locate(own(), Some(guid), "invoices"), found("https://keys.example.com", "invoices"));
    assert_eq!(locate(None, None, &crn), found("https://eu-de.kms.cloud.ibm.com", "k-1"));
    assert_eq!(locate(own(), Some(guid), &crn), found("https://keys.example.com", "k-1"));
    for (endpoint, instance, key) in [
        (None, Some(guid), "invoices"),
        (own(), None, "invoices"),
        (own(), Some("another"), crn.as_str()),
        (own(), None, &crn.replace(":key:", ":policy:")),
        (own(), None, &crn.replace(":kms:", ":hs-crypto:")),
        (own(), None, &crn.replace("crn:v1:", "crn:v2:")),
        (own(), None, &crn.replace("eu-de", "evil.example/")),
        (own(), None, &crn.replace("eu-de", "")),
        (own(), None, &crn.replace(":a/", ":o/")),
        (own(), None, &crn.replace("k-1", "k/1")),
        (own(), None, &crn.replace("k-1", "")),
        (own(), None, &format!("{crn}:more")),
        (own(), None, "crn:"),
    ] {
        let refused = locate(endpoint, instance, key).map_err(|error| error.code());
        assert_eq!(refused, Err("ERR_INVALID_ARGUMENT"), "{key}");
    }
}

#[test]
fn impossible_keks_are_refused() {
    let any = |keks: Vec<Box<dyn Kek>>| AnyOf::new(keks).map(|kek| Box::new(kek) as Box<dyn Kek>);
    let all = |keks: Vec<Box<dyn Kek>>| AllOf::new(keks).map(|kek| Box::new(kek) as Box<dyn Kek>);
    let one = || Box::new(local("a")) as Box<dyn Kek>;
    let both = || all(vec![one(), one()]).expect("two parts");
    for refused in [
        any(vec![]),
        any(vec![one()]),
        all(vec![]),
        all(vec![one()]),
        any(vec![both(), both()]),
        any(vec![one(), both()]),
        any(vec![one(), any(vec![both(), one()]).expect("all-of first")]),
        all((0..11).map(|_| one()).collect()),
        LocalKek::new("", &Secret::new(vec![0; 32])).map(|kek| Box::new(kek) as Box<dyn Kek>),
        LocalKek::new(&"n".repeat(256), &Secret::new(vec![0; 32])).map(|kek| Box::new(kek) as Box<dyn Kek>),
        LocalKek::new("n", &Secret::new(vec![0; 31])).map(|kek| Box::new(kek) as Box<dyn Kek>),
        LocalKek::held_by_platform("", Handle(0)).map(|kek| Box::new(kek) as Box<dyn Kek>),
    ] {
        assert_eq!(refused.err().map(|error| error.code()), Some("ERR_INVALID_ARGUMENT"));
    }
    let key = RootKeyRef::new("instance", "key").expect("names");
    let kek = KeyProtect::new(Endpoint::new("https://keys.example.com").expect("endpoint"), key);
    assert!(kek.also_named(vec!["a/b".to_owned()]).is_err());
    let eleven = any((0..11).map(|_| one()).collect()).expect("eleven");
    assert!(Client::new(Config::boxed(eleven)).is_err(), "more than this client would open");
    let eleven = any((0..11).map(|_| one()).collect()).expect("eleven");
    assert!(Client::new(Config::boxed(eleven).limits(Limits { max_edks: 11, ..Limits::default() })).is_ok());
}

/// Randomness that fails.
struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), Error> {
        Err(Error::Internal("no randomness"))
    }
}

#[test]
fn without_randomness_nothing_is_sealed() {
    let client = Client::new(Config::new(raw_aes("ns", "name", &[7; 32]))).expect("client");
    let sealed = client.seal(EncryptionContext::default(), None, &mut NoEntropy, NOW);
    assert_eq!(sealed.err(), Some(Error::Internal("no randomness")));
    assert!(open(b"", &raw_aes("ns", "name", &[7; 32]), &Limits::default(), 1).result.is_err());
}
