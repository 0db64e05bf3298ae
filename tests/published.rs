//! Everything the format has, as its maintainers published it: read where the caller allows it, refused by name where
//! not, and damage of it found; on the host and as wasm.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use envelock::client::{Client, Config};
use envelock::context::EncryptionContext;
use envelock::error::{Error, Fault};
use envelock::kek::Kek;
use envelock::keys::{DataKey, Edk};
use envelock::message::{Accept, Draft, FrameLength, Limits, SignatureCheck};
use envelock::secret::Secret;
use serde::Deserialize;
use support::{ANY, Fixed, NOW, PIECES, RawKek, Static, Untouched, open, open_with, read_header, unbase64};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CommitmentTest {
    comment: String,
    ciphertext: String,
    decrypted_dek: String,
    status: bool,
    plaintext_frames: Option<Vec<String>>,
}

impl CommitmentTest {
    fn message(&self) -> Vec<u8> {
        unbase64(&self.ciphertext)
    }

    fn kek(&self) -> Static {
        Static(unbase64(&self.decrypted_dek))
    }
}

#[derive(Deserialize)]
struct CommitmentTests {
    tests: Vec<CommitmentTest>,
}

fn commitment_tests() -> Vec<CommitmentTest> {
    let file: CommitmentTests =
        serde_json::from_str(include_str!("vectors/message/official/commitment-test-vectors.json")).expect("vectors");
    assert_eq!(file.tests.len(), 46);
    file.tests
}

/// Framed 0x0478 that open, that must not, 0x0578, non-framed 0x0478: counted from the file by another program.
const COMMITMENT_KINDS: [usize; 4] = [17, 3, 23, 3];
/// Those that open when all is accepted, and those whose data key is not the one they commit to.
const COMMITMENT_STATUS: [usize; 2] = [41, 5];

#[test]
fn commitment_vectors_come_out_as_published() {
    let (mut opened, mut mismatched) = (0, 0);
    for case in commitment_tests() {
        for piece in PIECES {
            let opening = open(&case.message(), &case.kek(), &Limits::NONE, piece);
            if case.status {
                assert!(opening.result.is_ok(), "{}: {:?}", case.comment, opening.result);
                if let Some(frames) = &case.plaintext_frames {
                    assert_eq!(opening.released, frames.concat().into_bytes(), "{}", case.comment);
                }
                opened += 1;
            } else {
                assert_eq!(opening.error(), &Error::CommitmentMismatch, "{}", case.comment);
                mismatched += 1;
            }
        }
    }
    assert_eq!([opened / PIECES.len(), mismatched / PIECES.len()], COMMITMENT_STATUS);
}

#[test]
fn commitment_vectors_that_are_not_allowed_are_refused_by_name() {
    let (mut opened, mut mismatched, mut signed, mut non_framed) = (0, 0, 0, 0);
    for case in commitment_tests() {
        let message = case.message();
        match (u16::from_be_bytes([message[1], message[2]]), open(&message, &case.kek(), &ANY, 1000).result) {
            (0x0578, result) => {
                assert_eq!(result, Err(Error::SuiteNotAllowed { id: 0x0578, needs: "signed" }), "{}", case.comment);
                signed += 1;
            }
            (_, Err(Error::NonFramed)) => non_framed += 1,
            (_, Err(error)) => {
                assert_eq!((error, case.status), (Error::CommitmentMismatch, false), "{}", case.comment);
                mismatched += 1;
            }
            (_, Ok(_)) => opened += 1,
        }
    }
    assert_eq!([opened, mismatched, signed, non_framed], COMMITMENT_KINDS);
}

#[derive(Deserialize)]
struct RawAesFile {
    plaintexts: BTreeMap<String, String>,
    vectors: Vec<RawAesMessage>,
}

#[derive(Deserialize)]
struct RawAesMessage {
    id: String,
    suite: String,
    keks: Vec<RawKek>,
    hidden_context: BTreeMap<String, String>,
    valid: bool,
    plaintext: String,
    message_b64: String,
}

impl RawAesMessage {
    fn hidden(&self) -> EncryptionContext {
        EncryptionContext::new(self.hidden_context.clone()).expect("a context")
    }

    fn suite(&self) -> u16 {
        u16::from_str_radix(&self.suite, 16).expect("a suite")
    }
}

fn raw_aes_file() -> RawAesFile {
    let file: RawAesFile =
        serde_json::from_str(include_str!("vectors/message/official/raw-aes.json")).expect("vectors");
    assert_eq!(file.vectors.len(), 45);
    file
}

#[test]
fn raw_aes_vectors_come_out_as_published() {
    let file = raw_aes_file();
    let (mut opened, mut refused, mut suites) = (0, 0, BTreeSet::new());
    for vector in &file.vectors {
        let message = unbase64(&vector.message_b64);
        for kek in &vector.keks {
            let opening = open_with(&message, &kek.kek(), &Limits::NONE, 4000, &vector.hidden());
            if vector.valid {
                assert!(opening.result.is_ok(), "{}: {:?}", vector.id, opening.result);
                assert!(opening.released == unbase64(&file.plaintexts[&vector.plaintext]), "{}", vector.id);
            } else {
                assert_eq!(opening.error(), &Error::HeaderAuthentication, "{}", vector.id);
                assert!(opening.released.is_empty());
            }
        }
        if vector.valid {
            opened += 1
        } else {
            refused += 1
        }
        suites.insert(vector.suite());
    }
    assert_eq!((opened, refused, suites.len()), (41, 4, 11));
}

/// 0x0478 that open with the stored context alone; all others.
const RAW_AES_KINDS: (usize, usize) = (9, 36);

#[test]
fn raw_aes_vectors_that_are_not_allowed_are_refused_by_name() {
    let (mut opened, mut refused) = (0, 0);
    for vector in &raw_aes_file().vectors {
        let message = unbase64(&vector.message_b64);
        let opening = open(&message, &vector.keks[0].kek(), &ANY, 4000);
        let needs = match vector.suite() {
            0x0478 => None,
            0x0578 => Some("signed"),
            0x0214 | 0x0346 | 0x0378 => Some("version1 and signed"),
            _ => Some("version1"),
        };
        match needs {
            Some(needs) => {
                assert_eq!(opening.error(), &Error::SuiteNotAllowed { id: vector.suite(), needs }, "{}", vector.id);
                assert_eq!(opening.error().fault(), Fault::Caller);
            }
            // Pairs that are authenticated but not stored are part of the wrap; without them it does not open.
            None if !vector.hidden_context.is_empty() => assert_eq!(opening.error(), &Error::UnwrapFailed),
            None if vector.valid => {}
            None => assert_eq!(opening.error(), &Error::HeaderAuthentication, "{}", vector.id),
        }
        if opening.result.is_ok() { opened += 1 } else { refused += 1 }
    }
    assert_eq!((opened, refused), RAW_AES_KINDS);
}

#[test]
fn each_kind_needs_its_own_word() {
    let file = raw_aes_file();
    let codes = |accept: Accept| {
        let limits = Limits { accept, ..ANY };
        let code = |suite| {
            let vector = file.vectors.iter().find(|vector| vector.suite == suite).expect("a vector");
            let opening = open(&unbase64(&vector.message_b64), &vector.keks[0].kek(), &limits, 4000);
            opening.result.map_or_else(|error| error.code(), |_| "opened")
        };
        ["0478", "0578", "0178", "0378"].map(code)
    };
    const NO: &str = "ERR_SUITE_NOT_ALLOWED";
    assert_eq!(codes(Accept { signed: true, ..Accept::NOTHING }), ["opened", "opened", NO, NO]);
    assert_eq!(codes(Accept { version_1: true, ..Accept::NOTHING }), ["opened", NO, "opened", NO]);
    assert_eq!(codes(Accept { non_framed: Some(9), ..Accept::NOTHING }), ["opened", NO, NO, NO]);
}

#[test]
fn what_is_signed_opens_only_as_a_whole_and_no_key_is_asked_before() {
    let vectors = raw_aes_file().vectors;
    let message = unbase64(&vectors.iter().find(|vector| vector.suite == "0578").expect("signed").message_b64);
    let header = || read_header(&message, &Limits::NONE, usize::MAX).expect("header");
    let client = Client::new(Config::new(Untouched).limits(Limits::NONE)).expect("client");
    let opened = client.open(header(), &EncryptionContext::default(), &mut Fixed::counting(), NOW);
    assert_eq!(opened.map(|_| ()).map_err(|error| error.code()), Err("ERR_WHOLE_ONLY"));
    // A host that says no is believed.
    let read = |range: std::ops::Range<u64>| message[range.start as usize..range.end as usize].to_vec();
    let check = || SignatureCheck::new(header(), message.len() as u64, read).expect("a footer");
    assert_eq!(check().conclude(false).map(|_| ()), Err(Error::Signature));
    assert!(check().conclude(true).is_ok());
}

#[test]
fn unstored_pairs_are_needed_as_they_were() {
    let file = raw_aes_file();
    let with_hidden: Vec<_> = file.vectors.iter().filter(|vector| !vector.hidden_context.is_empty()).collect();
    assert_eq!(with_hidden.len(), 14);
    for vector in with_hidden {
        let message = unbase64(&vector.message_b64);
        let kek = vector.keks[0].kek();
        let code = |pairs: BTreeMap<String, String>| {
            let pairs = EncryptionContext::new(pairs).expect("a context");
            open_with(&message, &kek, &Limits::NONE, 4000, &pairs)
                .result
                .map_or_else(|error| error.code(), |_| "opened")
        };
        let mut wrong = vector.hidden_context.clone();
        wrong.values_mut().for_each(|value| value.push('!'));
        assert_eq!(code(wrong), "ERR_UNWRAP_FAILED", "{}", vector.id);
        let mut more = vector.hidden_context.clone();
        more.insert("one".into(), "more".into());
        assert_eq!(code(more), "ERR_UNWRAP_FAILED", "{}", vector.id);
        assert_eq!(code(BTreeMap::new()), "ERR_UNWRAP_FAILED", "{}", vector.id);
        // What is stored after all must be the same, and changes nothing.
        let stored = read_header(&message, &Limits::NONE, usize::MAX).expect("header");
        let stored = stored.context().pairs().find(|(key, _)| !key.starts_with("aws-"));
        if let Some((key, value)) = stored {
            let also = |value: &str| {
                let mut pairs = vector.hidden_context.clone();
                pairs.insert(key.to_owned(), value.to_owned());
                code(pairs)
            };
            assert_eq!(also(value), "opened", "{}", vector.id);
            assert_eq!(also("another"), "ERR_CONTEXT_MISMATCH", "{}", vector.id);
        }
    }
}

#[test]
fn a_body_of_one_block_is_read_up_to_the_length_allowed() {
    let mut found = 0;
    for case in commitment_tests() {
        let (message, kek) = (case.message(), case.kek());
        if open(&message, &kek, &ANY, usize::MAX).result != Err(Error::NonFramed) {
            continue;
        }
        let plaintext = case.plaintext_frames.as_ref().expect("plaintext").concat().into_bytes();
        let length = u32::try_from(plaintext.len()).expect("short");
        for piece in PIECES {
            let opening = open(&message, &kek, &single(length), piece);
            assert!(opening.result.is_ok(), "{}: {:?}", case.comment, opening.result);
            assert_eq!(opening.released, plaintext, "{}", case.comment);
            let too_long = open(&message, &kek, &single(length - 1), piece);
            assert_eq!(too_long.error(), &Error::NonFramedTooLong { length: length.into(), limit: length - 1 });
        }
        // It has no parts that could be opened alone.
        let header = read_header(&message, &single(length), usize::MAX).expect("header");
        assert_eq!(header.frame_length().map_err(|error| error.code()), Err("ERR_WHOLE_ONLY"));
        found += 1;
    }
    assert_eq!(found, COMMITMENT_KINDS[3]);
}

fn single(limit: u32) -> Limits {
    Limits { accept: Accept { non_framed: Some(limit), ..Accept::NOTHING }, ..ANY }
}

/// A message of a kind that is not written, and how it opens.
struct Old {
    name: &'static str,
    message: Vec<u8>,
    kek: Box<dyn Kek>,
    limits: Limits,
    header_length: usize,
    plaintext: Vec<u8>,
}

impl Old {
    fn new(name: &'static str, message: Vec<u8>, kek: Box<dyn Kek>, accept: Accept) -> Self {
        let limits = Limits { accept, ..Limits::default() };
        let header_length = read_header(&message, &limits, usize::MAX).expect("header").length();
        let opening = open(&message, &*kek, &limits, usize::MAX);
        assert!(opening.result.is_ok(), "{name}: {:?}", opening.result);
        Self { name, message, kek, limits, header_length, plaintext: opening.released }
    }

    /// Every byte of header and end and some between, as what is published is long; of a signed message, whose signature
    /// takes long to verify, every byte of the footer and some before it.
    fn offsets(&self) -> impl Iterator<Item = usize> + use<> {
        let signed = self.limits.accept.signed;
        let (header, end) =
            (self.header_length + 60, self.message.len().saturating_sub(if signed { 110 } else { 200 }));
        let every =
            move |at: usize| if at >= end { 1 } else { 1 + 12 * usize::from(signed) + 60 * usize::from(at >= header) };
        (0..self.message.len()).filter(move |at| at % every(*at) == 0)
    }

    /// The bits that are flipped at each offset.
    fn flips(&self) -> &'static [u8] {
        if self.limits.accept.signed { &[0x01] } else { &[0x01, 0x80, 0xff] }
    }
}

/// One of each: version 1 with and without a derived key, single block, signed under either version.
fn old() -> Vec<Old> {
    let commitment = |suite: u8, content_type: u8| {
        let case = commitment_tests().into_iter().find(|case| {
            let header = read_header(&case.message(), &Limits::NONE, usize::MAX).expect("header");
            case.status && case.message()[1] == suite && header.frame_length().is_ok() == (content_type == 2)
        });
        let case = case.expect("a vector");
        (case.message(), Box::new(case.kek()) as Box<dyn Kek>)
    };
    let file = raw_aes_file();
    let raw = |suite: &str| {
        let vector = file.vectors.iter().find(|vector| vector.suite == suite).expect("a vector");
        (unbase64(&vector.message_b64), Box::new(vector.keks[0].kek()) as Box<dyn Kek>)
    };
    let version_1 = Accept { version_1: true, ..Accept::NOTHING };
    let signed = Accept { signed: true, ..Accept::NOTHING };
    let single = Accept { non_framed: Some(1 << 20), ..Accept::NOTHING };
    [
        ("version 1, 128 bits, no derivation", raw("0014"), version_1),
        ("version 1, 192 bits, SHA-256", raw("0146"), version_1),
        ("version 1, 256 bits, SHA-384, P-384", raw("0378"), Accept { version_1: true, ..signed }),
        ("version 1, 128 bits, SHA-256, P-256", raw("0214"), Accept { version_1: true, ..signed }),
        ("one block", commitment(4, 1), single),
        ("signed", commitment(5, 2), signed),
        ("signed, one block", commitment(5, 1), Accept { signed: true, ..single }),
    ]
    .map(|(name, (message, kek), accept)| Old::new(name, message, kek, accept))
    .into()
}

#[test]
fn a_flipped_byte_is_found_wherever_it_is() {
    for old in old() {
        let signed = old.limits.accept.signed;
        for offset in old.offsets() {
            for flip in old.flips() {
                let mut damaged = old.message.clone();
                damaged[offset] ^= flip;
                let opening = open(&damaged, &*old.kek, &old.limits, 1000);
                let error = opening.error();
                let place = format!("{}: {error} for byte {offset} ^ {flip:#x}", old.name);
                assert!(!matches!(error.fault(), Fault::Bug | Fault::Service), "{place}");
                if signed || offset < old.header_length {
                    assert!(opening.released.is_empty(), "{place}");
                }
                assert!(old.plaintext.starts_with(&opening.released), "{place}");
                if !signed && offset >= old.header_length {
                    let codes = [
                        "ERR_FRAME_AUTHENTICATION",
                        "ERR_FRAME_ORDER",
                        "ERR_MALFORMED",
                        "ERR_TRUNCATED",
                        "ERR_TRAILING_DATA",
                        "ERR_NON_FRAMED_TOO_LONG",
                    ];
                    assert!(codes.contains(&error.code()), "{place}");
                }
            }
        }
    }
}

#[test]
fn the_fields_of_version_1_are_checked_where_they_are() {
    let old = old().swap_remove(0);
    // From the end: tag 16, IV 12, frame length 4, IV length 1, reserved 4, content type 1.
    let at = |from_end: usize| old.header_length - from_end;
    let code = |offset: usize| {
        let mut damaged = old.message.clone();
        damaged[offset] ^= 1;
        open(&damaged, &*old.kek, &old.limits, 1000).error().clone()
    };
    assert_eq!(code(1), Error::Malformed("no message type of version 1"));
    assert_eq!(code(3), Error::Malformed("no algorithm suite of version 1"));
    for offset in 4..20 {
        assert_eq!(code(offset), Error::HeaderAuthentication, "message id");
    }
    for offset in at(37)..at(33) {
        assert_eq!(code(offset), Error::Malformed("reserved bytes that are not zero"));
    }
    assert_eq!(code(at(33)), Error::Malformed("an IV length that no suite has"));
    for offset in at(28)..at(0) {
        assert_eq!(code(offset), Error::HeaderAuthentication, "IV and tag");
    }
}

#[test]
fn a_cut_is_found_wherever_it_is() {
    for old in old() {
        for length in old.offsets() {
            let opening = open(&old.message[..length], &*old.kek, &old.limits, 1000);
            assert_eq!(opening.error(), &Error::Truncated, "{}: {length} bytes", old.name);
            assert!(old.plaintext.starts_with(&opening.released));
            assert!(!old.limits.accept.signed || opening.released.is_empty(), "{}: {length} bytes", old.name);
        }
    }
}

#[test]
fn nothing_may_follow() {
    for old in old() {
        for extra in [&[0][..], &old.message] {
            let opening = open(&[&old.message, extra].concat(), &*old.kek, &old.limits, 1000);
            assert_eq!(opening.error(), &Error::TrailingData, "{}", old.name);
        }
    }
}

#[test]
fn a_signature_is_of_one_message() {
    // Two messages of one kind with each other's footers.
    let messages: Vec<_> = commitment_tests()
        .into_iter()
        .filter(|case| case.status && case.message()[1] == 5)
        .map(|case| {
            let message = case.message();
            let header = read_header(&message, &Limits::NONE, usize::MAX).expect("header");
            let read = |range: std::ops::Range<u64>| message[range.start as usize..range.end as usize].to_vec();
            let check = SignatureCheck::new(header, message.len() as u64, read).expect("a footer");
            let end = check.signed_length() as usize;
            (message, end, case.kek())
        })
        .take(2)
        .collect();
    let [(left, left_end, kek), (right, right_end, _)] = &messages[..] else { panic!("two messages") };
    assert!(open(left, kek, &Limits::NONE, usize::MAX).result.is_ok());
    let crossed = [&left[..*left_end], &right[*right_end..]].concat();
    let opening = open(&crossed, kek, &Limits::NONE, usize::MAX);
    assert_eq!(opening.error(), &Error::Signature);
    assert!(opening.released.is_empty());
}

#[test]
fn a_data_key_shorter_than_its_suite_has_neither_seals_nor_opens() {
    let short = || DataKey::from_unwrapped(Secret::new(vec![1; 16])).expect("a key of version 1");
    let frame_length = FrameLength::new(16).expect("length");
    let draft = Draft::new(EncryptionContext::default(), frame_length, &mut Fixed::counting()).expect("draft");
    let edk = Edk { provider_id: "p".into(), provider_info: b"i".to_vec(), ciphertext: b"c".to_vec() };
    assert_eq!(draft.seal(&short(), &[edk]).map(|_| ()), Err(Error::UnwrapFailed));
    let message = commitment_tests()[0].message();
    let header = read_header(&message, &ANY, usize::MAX).expect("header");
    assert_eq!(header.unlock(&short()).map(|_| ()), Err(Error::UnwrapFailed));
    for length in [0, 15, 17, 31, 33, 64] {
        assert!(DataKey::from_unwrapped(Secret::new(vec![1; length])).is_none(), "{length} bytes");
    }
}
