//! Wycheproof vectors for what the wrappers expose.

use serde::Deserialize;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::gcm::{Gcm, NONCE_LENGTH, TAG_LENGTH};
use super::kdf::{Hash, Hkdf, sha256_hex, sha256_of};
use super::key_wrap::KeyWrap;
use crate::secret::Secret;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<Group> {
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GcmGroup {
    iv_size: usize,
    tag_size: usize,
    tests: Vec<GcmCase>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GcmCase {
    tc_id: u32,
    key: String,
    iv: String,
    aad: String,
    msg: String,
    ct: String,
    tag: String,
    result: String,
}

#[test]
fn gcm_agrees_with_wycheproof() {
    let file: File<GcmGroup> =
        serde_json::from_str(include_str!("../../tests/vectors/wycheproof/aes_gcm_test.json")).expect("vectors");
    let mut ran = 0;
    for group in file.test_groups {
        if group.iv_size != 8 * NONCE_LENGTH || group.tag_size != 8 * TAG_LENGTH {
            continue;
        }
        for case in group.tests {
            let gcm = Gcm::new(&Secret::new(hex(&case.key))).expect("key size");
            let nonce: [u8; NONCE_LENGTH] = hex(&case.iv).try_into().expect("nonce size");
            let tag: [u8; TAG_LENGTH] = hex(&case.tag).try_into().expect("tag size");
            let valid = case.result == "valid";
            let mut buffer = hex(&case.ct);
            assert_eq!(gcm.open(&nonce, &hex(&case.aad), &mut buffer, &tag).is_ok(), valid, "case {}", case.tc_id);
            if valid {
                assert_eq!(buffer, hex(&case.msg), "case {}", case.tc_id);
                assert_eq!(gcm.seal(&nonce, &hex(&case.aad), &mut buffer), Some(tag), "case {}", case.tc_id);
                assert_eq!(buffer, hex(&case.ct), "case {}", case.tc_id);
            } else {
                assert!(buffer.iter().all(|byte| *byte == 0), "case {}: plaintext of a failed tag", case.tc_id);
            }
            ran += 1;
        }
    }
    assert!(ran > 100, "only {ran} cases fit");
}

#[test]
fn gcm_takes_aes_keys_only() {
    for length in 0..64 {
        assert_eq!(Gcm::new(&Secret::new(vec![0; length])).is_some(), [16, 24, 32].contains(&length), "{length}");
    }
}

#[derive(Deserialize)]
struct KeyWrapGroup {
    tests: Vec<KeyWrapCase>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyWrapCase {
    tc_id: u32,
    key: String,
    msg: String,
    ct: String,
    result: String,
}

#[test]
fn key_wrap_agrees_with_wycheproof() {
    let file: File<KeyWrapGroup> =
        serde_json::from_str(include_str!("../../tests/vectors/wycheproof/aes_wrap_test.json")).expect("vectors");
    let mut ran = 0;
    for case in file.test_groups.into_iter().flat_map(|group| group.tests) {
        let wrap = KeyWrap::new(&Secret::new(hex(&case.key))).expect("key size");
        let unwrapped = wrap.unwrap(&hex(&case.ct)).map(|key| key.expose().to_vec());
        // "acceptable" are keys of 8 bytes, which the standard does not have and nobody here wraps.
        assert_eq!(unwrapped.ok(), (case.result == "valid").then(|| hex(&case.msg)), "case {}", case.tc_id);
        if case.result == "valid" {
            assert_eq!(wrap.wrap(&Secret::new(hex(&case.msg))), Some(hex(&case.ct)), "case {}", case.tc_id);
        } else if case.ct.is_empty() {
            assert_eq!(wrap.wrap(&Secret::new(hex(&case.msg))), None, "case {}", case.tc_id);
        }
        ran += 1;
    }
    assert!(ran > 160, "only {ran} cases");
}

#[derive(Deserialize)]
struct HkdfGroup {
    tests: Vec<HkdfCase>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HkdfCase {
    tc_id: u32,
    ikm: String,
    salt: String,
    info: String,
    size: usize,
    okm: String,
    result: String,
}

#[test]
fn hkdf_agrees_with_wycheproof() {
    let file: File<HkdfGroup> =
        serde_json::from_str(include_str!("../../tests/vectors/wycheproof/hkdf_sha512_test.json")).expect("vectors");
    let mut ran = 0;
    for case in file.test_groups.into_iter().flat_map(|group| group.tests) {
        let hkdf = Hkdf::new(Hash::Sha512, &Secret::new(hex(&case.ikm)), &hex(&case.salt));
        let okm = hkdf.expand(&hex(&case.info), case.size).map(|okm| okm.expose().to_vec());
        assert_eq!(okm, (case.result == "valid").then(|| hex(&case.okm)), "case {}", case.tc_id);
        ran += 1;
    }
    assert!(ran > 80, "only {ran} cases");
}

#[test]
fn sha256_agrees_with_fips_180() {
    assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn lists_that_differ_have_different_digests() {
    let lists: [&[&[u8]]; 5] = [&[], &[b""], &[b"ab", b"c"], &[b"a", b"bc"], &[b"abc"]];
    for (at, left) in lists.iter().enumerate() {
        assert!(lists[at + 1..].iter().all(|right| sha256_of(left) != sha256_of(right)));
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}
