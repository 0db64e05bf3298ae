//! Several KEKs: any of which opens, all of which are needed, and which failure is told.

use envelock::client::{Client, Config};
use envelock::context::EncryptionContext;
use envelock::error::{Error, ServiceError, ServiceFault};
use envelock::kek::{AllOf, AnyOf, Kek, LocalKek, Unwrapping, Wrapping};
use envelock::keys::{DataKey, Edk};
use envelock::message::{Header, Limits};
use envelock::operation::Step;
use envelock::secret::Secret;
use envelock::time::Timestamp;
use serde::Deserialize;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Fixed, NOW, alone, finish, local, raw_aes, same_key, unhex};

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    id: String,
    kek: Described,
    context: std::collections::BTreeMap<String, String>,
    data_key: String,
    edks: Vec<Entry>,
}

#[derive(Deserialize, Clone)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Described {
    LocalKek { name: String, key: String },
    RawAes { namespace: String, name: String, key: String },
    AnyOf { keks: Vec<Described> },
    AllOf { keks: Vec<Described> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    provider_id: String,
    provider_info: String,
    ciphertext: String,
}

impl Described {
    fn kek(&self) -> Box<dyn Kek> {
        let members = |keks: &[Self]| keks.iter().map(Self::kek).collect();
        match self {
            Self::LocalKek { name, key } => Box::new(LocalKek::new(name, &Secret::new(unhex(key))).expect("local")),
            Self::RawAes { namespace, name, key } => Box::new(raw_aes(namespace, name, &unhex(key))),
            Self::AnyOf { keks } => Box::new(AnyOf::new(members(keks)).expect("any-of")),
            Self::AllOf { keks } => Box::new(AllOf::new(members(keks)).expect("all-of")),
        }
    }
}

impl Case {
    fn context(&self) -> EncryptionContext {
        EncryptionContext::new(self.context.clone()).expect("a context")
    }

    fn edks(&self) -> Vec<Edk> {
        let edk = |entry: &Entry| Edk {
            provider_id: entry.provider_id.clone(),
            provider_info: unhex(&entry.provider_info),
            ciphertext: unhex(&entry.ciphertext),
        };
        self.edks.iter().map(edk).collect()
    }
}

fn cases() -> Vec<Case> {
    let file: File = serde_json::from_str(include_str!("../vectors/all-of/entries.json")).expect("vectors");
    assert!(file.cases.len() >= 4);
    file.cases
}

/// What a KEK that needs no calls makes of an entry.
fn unwrap(kek: &dyn Kek, edk: &Edk, context: &EncryptionContext) -> Result<Option<DataKey>, Error> {
    match kek.unwrap(edk, context, &mut Fixed::counting(), NOW)? {
        None => Ok(None),
        Some(step) => finish(Ok(step), |call| panic!("no use for {call:?}")).map(|unwrapped| Some(unwrapped.key)),
    }
}

#[test]
fn entries_are_those_of_an_independent_program() {
    for case in cases() {
        let kek = case.kek.kek();
        let (key, wrapping) = kek.generate(&case.context(), &mut Fixed::counting(), NOW).expect("generated");
        let edks = finish(Ok(wrapping), |call| panic!("no use for {call:?}")).expect("wrapped");
        assert_eq!(edks, case.edks(), "{}", case.id);
        let expected = DataKey::from_unwrapped(Secret::new(unhex(&case.data_key))).expect("32 bytes");
        assert!(same_key(&key, &expected), "{}", case.id);
        for edk in &edks {
            let key = unwrap(&*kek, edk, &case.context()).expect("unwraps").expect("its entry");
            assert!(same_key(&key, &expected), "{}", case.id);
        }
    }
}

#[test]
fn no_part_opens_alone() {
    for case in cases() {
        let Described::AllOf { keks } = &case.kek else { continue };
        for part in keks {
            assert!(matches!(unwrap(&*part.kek(), &case.edks()[0], &case.context()), Ok(None)), "{}", case.id);
        }
        for missing in 0..keks.len() {
            let mut keks = keks.clone();
            keks[missing] = Described::LocalKek { name: "another".into(), key: "00".repeat(16) };
            let kek = Described::AllOf { keks }.kek();
            assert!(matches!(unwrap(&*kek, &case.edks()[0], &case.context()), Ok(None)), "{}: {missing}", case.id);
        }
        let fewer = Described::AllOf { keks: keks.iter().cycle().take(keks.len() + 1).cloned().collect() };
        assert!(matches!(unwrap(&*fewer.kek(), &case.edks()[0], &case.context()), Ok(None)), "{}", case.id);
    }
}

#[test]
fn an_altered_entry_never_gives_the_data_key() {
    for case in cases() {
        let Described::AllOf { .. } = case.kek else { continue };
        let (kek, edk) = (case.kek.kek(), case.edks().remove(0));
        let expected = DataKey::from_unwrapped(Secret::new(unhex(&case.data_key))).expect("32 bytes");
        let gives_it = |edk: &Edk| {
            unwrap(&*kek, edk, &case.context()).is_ok_and(|key| key.is_some_and(|key| same_key(&key, &expected)))
        };
        assert!(gives_it(&edk));
        let has_spare = edk.provider_info.contains(&b'|');
        for at in 0..edk.ciphertext.len() {
            let mut altered = edk.clone();
            altered.ciphertext[at] ^= 1;
            // Where a part has two entries, the other one still opens it.
            assert!(has_spare || !gives_it(&altered), "{}: byte {at}", case.id);
            let cut = Edk { ciphertext: edk.ciphertext[..at].to_vec(), ..edk.clone() };
            assert_eq!(unwrap(&*kek, &cut, &case.context()).err(), Some(Error::UnwrapFailed), "{}: {at}", case.id);
        }
        let longer = Edk { ciphertext: [edk.ciphertext.as_slice(), &[0]].concat(), ..edk.clone() };
        assert_eq!(unwrap(&*kek, &longer, &case.context()).err(), Some(Error::UnwrapFailed), "{}", case.id);
        let renamed = Edk { provider_info: b"other".to_vec(), ..edk.clone() };
        assert_eq!(unwrap(&*kek, &renamed, &case.context()).err(), Some(Error::UnwrapFailed), "{}", case.id);
        let foreign = Edk { provider_id: "envelock-all-of-v2".into(), ..edk };
        assert!(matches!(unwrap(&*kek, &foreign, &case.context()), Ok(None)), "{}", case.id);
    }
}

#[test]
fn the_order_of_parts_matters() {
    let kek =
        |names: [&str; 2]| AllOf::new(names.map(|name| Box::new(local(name)) as Box<dyn Kek>).into()).expect("kek");
    let plain = EncryptionContext::default();
    let (_, wrapping) = kek(["a", "b"]).generate(&plain, &mut Fixed::counting(), NOW).expect("generated");
    let edk = finish(Ok(wrapping), |call| panic!("no use for {call:?}")).expect("wrapped").remove(0);
    assert!(matches!(unwrap(&kek(["a", "b"]), &edk, &plain), Ok(Some(_))));
    assert!(matches!(unwrap(&kek(["b", "a"]), &edk, &plain), Ok(None)));
}

/// More entries than any all-of makes are refused before a single one is tried.
#[test]
fn the_number_of_entries_is_bounded() {
    let kek = AllOf::new(vec![Box::new(local("a")), Box::new(local("b"))]).expect("all-of");
    let entry = |name: &str| {
        let mut bytes = vec![0, 18];
        bytes.extend_from_slice(b"envelock-aes-kw-v1");
        bytes.extend_from_slice(&[0, 1, name.as_bytes()[0], 0, 40]);
        bytes.extend_from_slice(&[0; 40]);
        bytes
    };
    let many = |number: u8| {
        let mut ciphertext = vec![2, number];
        ciphertext.extend((0..number).flat_map(|_| entry("a")));
        ciphertext.push(1);
        ciphertext.extend(entry("b"));
        let info = vec!["envelock-aes-kw-v1"; number.into()].join("|") + "+envelock-aes-kw-v1";
        Edk { provider_id: "envelock-all-of-v1".into(), provider_info: info.into_bytes(), ciphertext }
    };
    let plain = EncryptionContext::default();
    for number in [9, 10, 255] {
        assert_eq!(unwrap(&kek, &many(number), &plain).err(), Some(Error::UnwrapFailed), "{number}");
    }
    for ciphertext in [vec![], vec![0], vec![1, 1], vec![2, 0, 0], vec![255; 300], vec![2, 1, 0xff, 0xff]] {
        let edk = Edk { ciphertext, ..many(1) };
        assert_eq!(unwrap(&kek, &edk, &plain).err(), Some(Error::UnwrapFailed));
    }
}

#[test]
fn any_of_several_opens_and_a_data_key_that_exists_has_limits() {
    let (a, b) = (|| Box::new(local("a")) as Box<dyn Kek>, || Box::new(local("b")) as Box<dyn Kek>);
    let client = Client::new(Config::new(AnyOf::new(vec![a(), b()]).expect("any-of"))).expect("client");
    let plain = EncryptionContext::default();
    let sealed =
        finish(alone(client.seal(plain.clone(), None, &mut Fixed::counting(), NOW)), |call| panic!("{call:?}"));
    let sealed = sealed.expect("sealed");
    let header = || Header::parse_whole(sealed.header(), &Limits::default()).expect("header");
    assert_eq!(header().edks().len(), 2);
    for kek in [a(), b(), Box::new(AnyOf::new(vec![b(), a()]).expect("any-of"))] {
        let client = Client::new(Config::boxed(kek)).expect("client");
        assert!(matches!(alone(client.open(header(), &plain, &mut Fixed::counting(), NOW)), Ok(Step::Done(_))));
    }
    let other = Client::new(Config::new(local("c"))).expect("client");
    assert_eq!(other.open(header(), &plain, &mut Fixed::counting(), NOW).err(), Some(Error::NoMatchingKek));

    let key = DataKey::generate(&mut Fixed::counting()).expect("data key");
    let all = AllOf::new(vec![a(), b()]).expect("all-of");
    let refused = all.wrap(&key, &plain, &mut Fixed::counting(), NOW).err();
    assert_eq!(refused.map(|error| error.code()), Some("ERR_INVALID_ARGUMENT"));
}

/// A KEK that knows every entry and fails at each.
struct Failing(Error);

impl Kek for Failing {
    fn wrap(
        &self,
        _: &DataKey,
        _: &EncryptionContext,
        _: &mut dyn envelock::entropy::Entropy,
        _: Timestamp,
    ) -> Result<Wrapping, Error> {
        Err(self.0.clone())
    }

    fn unwrap(
        &self,
        _: &Edk,
        _: &EncryptionContext,
        _: &mut dyn envelock::entropy::Entropy,
        _: Timestamp,
    ) -> Result<Option<Unwrapping>, Error> {
        Err(self.0.clone())
    }

    fn identity(&self) -> [u8; 32] {
        [1; 32]
    }
}

#[test]
fn of_several_failures_the_one_that_can_be_mended_is_told() {
    let service = |kind| Error::Service(Box::new(ServiceError { kind, status: None, reason: None, request_id: None }));
    let ranks = [
        vec![Error::UnwrapFailed, service(ServiceFault::WrappedKeyRefused)],
        vec![service(ServiceFault::KeyDeleted), service(ServiceFault::KeyNotFound)],
        vec![service(ServiceFault::AccessDenied), service(ServiceFault::Unreachable), Error::TokenCallback],
    ];
    let told = |first: &Error, second: &Error| {
        let keks: Vec<Box<dyn Kek>> = vec![Box::new(Failing(first.clone())), Box::new(Failing(second.clone()))];
        let edk = Edk { provider_id: "p".into(), provider_info: vec![], ciphertext: vec![] };
        unwrap(&AnyOf::new(keks).expect("any-of"), &edk, &EncryptionContext::default()).err()
    };
    for (at, less) in ranks.iter().enumerate() {
        for first in less {
            for second in less {
                assert_eq!(told(first, second).as_ref(), Some(first), "of equals the first");
            }
            for more in ranks[at + 1..].iter().flatten() {
                assert_eq!(told(first, more).as_ref(), Some(more));
                assert_eq!(told(more, first).as_ref(), Some(more));
            }
        }
    }
    let keks: Vec<Box<dyn Kek>> = vec![Box::new(local("a")), Box::new(Failing(Error::TokenCallback))];
    let any = AnyOf::new(keks).expect("any-of");
    let sealed = any.generate(&EncryptionContext::default(), &mut Fixed::counting(), NOW);
    assert_eq!(sealed.err(), Some(Error::TokenCallback), "sealing needs every KEK");
}

#[test]
fn identities_tell_keks_apart() {
    let (a, b) = (|| Box::new(local("a")) as Box<dyn Kek>, || Box::new(local("b")) as Box<dyn Kek>);
    let keks: [Box<dyn Kek>; 7] = [
        a(),
        b(),
        Box::new(raw_aes("ns", "a", &[0; 32])),
        Box::new(AnyOf::new(vec![a(), b()]).expect("any-of")),
        Box::new(AnyOf::new(vec![b(), a()]).expect("any-of")),
        Box::new(AllOf::new(vec![a(), b()]).expect("all-of")),
        Box::new(AnyOf::new(vec![Box::new(AllOf::new(vec![a(), b()]).expect("all-of")), b()]).expect("any-of")),
    ];
    for (at, kek) in keks.iter().enumerate() {
        assert!(keks[at + 1..].iter().all(|other| other.identity() != kek.identity()), "{at}");
    }
    assert_eq!(a().identity(), a().identity());
}
