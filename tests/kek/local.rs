//! KEKs at hand: raw AES, and AES key wrap in memory or by the platform.

use envelock::context::EncryptionContext;
use envelock::error::Error;
use envelock::kek::{Kek, LocalKek};
use envelock::keys::{DataKey, Edk};
use envelock::operation::{Call, Handle, Response, Step, Unreachable};
use envelock::secret::Secret;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Fixed, NOW, context, finish, local, raw_aes, same_key, unhex};

#[test]
fn raw_aes_matches_whole_names_only() {
    let entropy = &mut Fixed::counting();
    let data_key = DataKey::generate(entropy).expect("data key");
    let plain = EncryptionContext::default();
    let Ok(Step::Done(edks)) = raw_aes("ns", "key10", &[7; 32]).wrap(&data_key, &plain, entropy, NOW) else {
        panic!("wrapped at once")
    };
    let edk = &edks[0];
    let unwrap = |kek: &dyn Kek, edk: &Edk, context: &EncryptionContext| {
        kek.unwrap(edk, context, &mut Fixed::counting(), NOW).map(|found| found.is_some())
    };
    assert_eq!(unwrap(&raw_aes("ns", "key10", &[7; 32]), edk, &plain), Ok(true));
    assert_eq!(unwrap(&raw_aes("ns", "key1", &[7; 32]), edk, &plain), Ok(false), "a prefix");
    assert_eq!(unwrap(&raw_aes("ns", "key100", &[7; 32]), edk, &plain), Ok(false));
    assert_eq!(unwrap(&raw_aes("other", "key10", &[7; 32]), edk, &plain), Ok(false));
    assert_eq!(unwrap(&raw_aes("ns", "key10", &[8; 32]), edk, &plain), Err(Error::UnwrapFailed));
    assert_eq!(unwrap(&raw_aes("ns", "key10", &[7; 32]), edk, &context(&[("a", "b")])), Err(Error::UnwrapFailed));
    for length in [16, 24] {
        let kek = raw_aes("ns", "key10", &vec![7; length]);
        let Ok(Step::Done(edks)) = kek.wrap(&data_key, &plain, entropy, NOW) else { panic!("wrapped at once") };
        assert_eq!(unwrap(&kek, &edks[0], &plain), Ok(true), "{length}-byte KEK");
    }
}

fn local_of(name: &str, key: &[u8]) -> LocalKek {
    LocalKek::new(name, &Secret::new(key.to_vec())).expect("a local KEK")
}

fn wrapped(kek: &dyn Kek, key: &DataKey) -> Edk {
    let step = kek.wrap(key, &EncryptionContext::default(), &mut Fixed::counting(), NOW);
    finish(step, |call| panic!("no use for {call:?}")).expect("wrapped").remove(0)
}

/// RFC 3394 section 4.6: 256 bits of key data under a KEK of 256 bits.
#[test]
fn local_keks_wrap_as_the_standard_does() {
    let kek = unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    let data = unhex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
    let expected = unhex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
    let key = DataKey::from_unwrapped(Secret::new(data)).expect("32 bytes");
    let edk = wrapped(&local_of("safe", &kek), &key);
    assert_eq!((edk.provider_id.as_str(), edk.provider_info.as_slice()), ("envelock-aes-kw-v1", &b"safe"[..]));
    assert_eq!(edk.ciphertext, expected);
}

#[test]
fn local_keks_open_their_own_entries_only() {
    let key = DataKey::generate(&mut Fixed::counting()).expect("data key");
    for length in [16, 24, 32] {
        let kek = local_of("a", &vec![7; length]);
        let edk = wrapped(&kek, &key);
        let unwrap =
            |kek: &LocalKek, edk: &Edk| kek.unwrap(edk, &EncryptionContext::default(), &mut Fixed::counting(), NOW);
        let Ok(Some(Step::Done(unwrapped))) = unwrap(&kek, &edk) else { panic!("unwraps at once") };
        assert!(same_key(&unwrapped.key, &key));
        assert!(matches!(unwrap(&local_of("ab", &vec![7; length]), &edk), Ok(None)), "another name");
        assert!(matches!(unwrap(&kek, &Edk { provider_id: "envelock-aes-kw-v2".into(), ..edk.clone() }), Ok(None)));
        assert_eq!(unwrap(&local_of("a", &vec![8; length]), &edk).err(), Some(Error::UnwrapFailed), "another key");
        for at in 0..edk.ciphertext.len() {
            let mut altered = edk.clone();
            altered.ciphertext[at] ^= 1;
            assert_eq!(unwrap(&kek, &altered).err(), Some(Error::UnwrapFailed), "byte {at}");
        }
        for ciphertext in [vec![], edk.ciphertext[..32].to_vec(), [edk.ciphertext.as_slice(), &[0; 8]].concat()] {
            assert_eq!(unwrap(&kek, &Edk { ciphertext, ..edk.clone() }).err(), Some(Error::UnwrapFailed));
        }
    }
}

/// The platform's key wraps and unwraps; here the same key in memory stands for it.
#[test]
fn a_key_of_the_platform_is_asked_for_by_its_handle() {
    let (ours, theirs) = (local("a"), LocalKek::held_by_platform("a", Handle(5)).expect("a local KEK"));
    let key = DataKey::generate(&mut Fixed::counting()).expect("data key");
    let plain = EncryptionContext::default();
    let expected = wrapped(&ours, &key);
    let step = theirs.wrap(&key, &plain, &mut Fixed::counting(), NOW);
    let edks = finish(step, |call| match call {
        Call::WrapKey { kek: Handle(5), key: data } => {
            assert_eq!(data.expose(), (0..32).collect::<Vec<u8>>());
            Ok(Response::Bytes(Secret::new(expected.ciphertext.clone())))
        }
        call => panic!("no use for {call:?}"),
    });
    assert_eq!(edks, Ok(vec![expected.clone()]));

    let unwrap = |reply: fn() -> Result<Response, Unreachable>| {
        let step = theirs.unwrap(&expected, &plain, &mut Fixed::counting(), NOW);
        finish(step.map(|step| step.expect("its own entry")), |call| match call {
            Call::UnwrapKey { kek: Handle(5), wrapped } if *wrapped == expected.ciphertext => reply(),
            call => panic!("no use for {call:?}"),
        })
    };
    let unwrapped = unwrap(|| Ok(Response::Bytes(Secret::new((0..32).collect())))).expect("unwrapped");
    assert!(same_key(&unwrapped.key, &key));
    assert_eq!(unwrap(|| Err(Unreachable)).err(), Some(Error::UnwrapFailed));
    assert_eq!(unwrap(|| Ok(Response::Bytes(Secret::new(vec![0; 31])))).err(), Some(Error::UnwrapFailed));
    for reply in [|| Err(Unreachable), || Ok(Response::Bytes(Secret::new(vec![0; 32]))), || Ok(Response::Waited)] {
        let step = theirs.wrap(&key, &plain, &mut Fixed::counting(), NOW);
        assert_eq!(finish(step, |_| reply()).err().map(|error| error.code()), Some("ERR_INVALID_ARGUMENT"));
    }
}
