//! The message format against published messages, and against damage of every kind; on the host and as wasm.

mod support;

use std::collections::BTreeMap;

use envelock::client::{Client, Config};
use envelock::error::Error;
use envelock::kek::{Kek, RawAes};
use envelock::message::{FrameLength, Header, Limits, Sealer};
use envelock::operation::Step;
use serde::Deserialize;
use support::{
    ANY, Fixed, NOW, Opening, PIECES, RawKek, Untouched, alone, context, open, raw_aes, read_header, unbase64, unhex,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Deserialize)]
struct Vectors<T> {
    vectors: Vec<T>,
}

#[derive(Deserialize)]
struct SdkMessage {
    id: String,
    keks: Vec<RawKek>,
    context: BTreeMap<String, String>,
    frame_length: u32,
    message_id_hex: String,
    header_length: usize,
    plaintext_length: usize,
    plaintext_hex: Option<String>,
    plaintext_sha256: String,
    message_b64: String,
}

#[test]
fn messages_of_other_implementations_open() {
    let file: Vectors<SdkMessage> =
        serde_json::from_str(include_str!("vectors/message/esdk-v2.json")).expect("vectors");
    assert_eq!(file.vectors.len(), 12);
    for vector in &file.vectors {
        let message = unbase64(&vector.message_b64);
        let header = read_header(&message, &ANY, usize::MAX).expect("header");
        assert_eq!(header.length(), vector.header_length, "{}", vector.id);
        assert_eq!(header.message_id().to_vec(), unhex(&vector.message_id_hex), "{}", vector.id);
        assert_eq!(header.frame_length().map(FrameLength::get), Ok(vector.frame_length), "{}", vector.id);
        for kek in &vector.keks {
            for piece in PIECES {
                let opening = open(&message, &kek.kek(), &ANY, piece);
                let found = opening.result.expect(&vector.id);
                let pairs: BTreeMap<_, _> = found.pairs().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                assert_eq!(pairs, vector.context, "{}", vector.id);
                assert_eq!(opening.released.len(), vector.plaintext_length, "{}", vector.id);
                assert_eq!(sha256(&opening.released), vector.plaintext_sha256, "{}", vector.id);
                if let Some(plaintext) = &vector.plaintext_hex {
                    assert_eq!(opening.released, unhex(plaintext), "{}", vector.id);
                }
            }
        }
    }
}

#[test]
fn the_worked_example_of_the_format_description_is_reproduced_to_the_byte() {
    let expected = unbase64(concat!(
        "AgR4ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8ACAABAAFhAAFiAAEAAm5zABZrbgAAAIAAAAAMYGFiY2RlZmdoaWprADCs",
        "KQsGA5GWoQGIcz0Ji1IEHz38AgMrhxkWY9Gjt98Z5GkKg7sCtZOzhRPtaljVDQsCAAAABBa731935SptRbjK1/MOC79pswSw1R3p0VO4",
        "IpNP0y1H0yuM5tfActbzK0qCtxoczQAAAAEAAAAAAAAAAAAAAAGAF9PGYa1Rd72i3DnX9vEr4ci8Tv////8AAAACAAAAAAAAAAAAAAAC",
        "AAAAAW7bRZRDu2AL6KK6/9cLFYDW"
    ));
    let key: Vec<u8> = (0x40..0x60).collect();
    let entropy: Vec<u8> = (0x00..0x20).chain(0x60..0x6c).chain(0x20..0x40).collect();
    let message =
        seal_with(raw_aes("ns", "kn", &key), &[("a", "b")], 4, b"hello", usize::MAX, &mut Fixed::new(entropy));
    assert_eq!(message, expected);
}

fn seal_with(
    kek: impl Kek + 'static,
    pairs: &[(&str, &str)],
    frame_length: u32,
    plaintext: &[u8],
    piece: usize,
    entropy: &mut Fixed,
) -> Vec<u8> {
    let config = Config::new(kek).frame_length(FrameLength::new(frame_length).expect("frame length"));
    let Step::Done(sealed) =
        alone(Client::new(config).expect("client").seal(context(pairs), None, entropy, NOW)).expect("sealed")
    else {
        panic!("this KEK needs no calls")
    };
    let mut message = sealed.header().to_vec();
    let mut sealer = Sealer::new(sealed).expect("sealer");
    for bytes in plaintext.chunks(piece.max(1)) {
        sealer = sealer.push(bytes, &mut message).expect("pushed");
    }
    sealer.finish(&mut message).expect("finished");
    message
}

fn kek() -> RawAes {
    raw_aes("ns", "name", &[7; 32])
}

const CONTEXT: [(&str, &str); 2] = [("purpose", "test"), ("tenant", "t-7")];

fn seal(frame_length: u32, plaintext: &[u8], piece: usize) -> Vec<u8> {
    seal_with(kek(), &CONTEXT, frame_length, plaintext, piece, &mut Fixed::counting())
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

#[test]
fn sizes_around_every_frame_boundary_come_back() {
    for frame_length in [1u32, 2, 3, 16, 64, 1000] {
        let length = frame_length as usize;
        let sizes =
            (0..5).flat_map(|frames| [(frames * length).saturating_sub(1), frames * length, frames * length + 1]);
        for size in sizes {
            let plaintext = text(size);
            for piece in [usize::MAX, 1, length, length + 1] {
                let message = seal(frame_length, &plaintext, piece);
                assert_eq!(message, seal(frame_length, &plaintext, usize::MAX), "pieces do not show");
                for piece in PIECES {
                    let opening = open(&message, &kek(), &ANY, piece);
                    assert_eq!(opening.result, Ok(context(&CONTEXT)));
                    assert_eq!(opening.released, plaintext, "{size} bytes in frames of {frame_length}");
                }
            }
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn whatever_is_sealed_opens(
        plaintext in proptest::collection::vec(proptest::num::u8::ANY, 0..5000),
        frame_length in 1u32..700,
        seal_piece in 1usize..900,
        open_piece in 1usize..900,
        value in "\\PC{0,40}",
    ) {
        let message = seal_with(kek(), &[("k", &value)], frame_length, &plaintext, seal_piece, &mut Fixed::counting());
        let opening = open(&message, &kek(), &ANY, open_piece);
        proptest::prop_assert_eq!(opening.result, Ok(context(&[("k", &value)])));
        proptest::prop_assert_eq!(opening.released, plaintext);
    }

    #[test]
    fn noise_is_refused_without_a_panic(noise in proptest::collection::vec(proptest::num::u8::ANY, 0..600), front in 0usize..260) {
        // With a valid front, so that the deeper layers see noise too.
        let mut message = seal(16, &text(40), usize::MAX);
        message.truncate(front);
        message.extend_from_slice(&noise);
        proptest::prop_assert!(open(&message, &kek(), &Limits::default(), 64).result.is_err());
    }
}

/// Which failures a flipped byte at `offset` may show as.
fn allowed(offset: usize, message: &[u8], header: &Header) -> &'static [&'static str] {
    const LENGTHS: &[&str] = &[
        "ERR_MALFORMED",
        "ERR_TRUNCATED",
        "ERR_TOO_MANY_EDKS",
        "ERR_NO_MATCHING_KEK",
        "ERR_UNWRAP_FAILED",
        "ERR_FRAME_TOO_LONG",
        "ERR_NON_FRAMED",
    ];
    let context_length = usize::from(u16::from_be_bytes([message[35], message[36]]));
    let edks = 37 + context_length;
    let edk = &header.edks()[0];
    let id = edks + 4;
    let info = id + edk.provider_id.len() + 2;
    let ciphertext = info + edk.provider_info.len() + 2;
    let content_type = ciphertext + edk.ciphertext.len();
    match offset {
        0 => &["ERR_NOT_AN_ENVELOPE"],
        1..3 => &["ERR_MALFORMED", "ERR_SUITE_NOT_ALLOWED"],
        3..35 => &["ERR_COMMITMENT_MISMATCH"],
        35..37 => LENGTHS,
        _ if offset < edks => &["ERR_MALFORMED", "ERR_UNWRAP_FAILED"],
        _ if offset < edks + 2 => LENGTHS,
        _ if offset < id => LENGTHS,
        _ if offset < info - 2 => &["ERR_NO_MATCHING_KEK", "ERR_MALFORMED"],
        _ if offset < info => LENGTHS,
        _ if offset < ciphertext - 2 - 12 => &["ERR_NO_MATCHING_KEK"],
        _ if offset < ciphertext - 2 => &["ERR_UNWRAP_FAILED"],
        _ if offset < ciphertext => LENGTHS,
        _ if offset < content_type => &["ERR_UNWRAP_FAILED"],
        _ if offset == content_type => &["ERR_MALFORMED"],
        _ if offset < content_type + 5 => &["ERR_FRAME_TOO_LONG", "ERR_HEADER_AUTHENTICATION"],
        _ if offset < content_type + 37 => &["ERR_COMMITMENT_MISMATCH"],
        _ if offset < header.length() => &["ERR_HEADER_AUTHENTICATION"],
        _ => &[],
    }
}

#[test]
fn every_flipped_byte_is_found_by_its_layer() {
    let plaintext = text(40);
    let message = seal(16, &plaintext, usize::MAX);
    let header = read_header(&message, &ANY, usize::MAX).expect("header");
    let frames = header.length();
    for offset in 0..message.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = message.clone();
            damaged[offset] ^= flip;
            for piece in PIECES {
                let opening = open(&damaged, &kek(), &Limits::default(), piece);
                let code = opening.error().code();
                if offset < frames {
                    assert!(allowed(offset, &message, &header).contains(&code), "{code} for byte {offset} ^ {flip:#x}");
                    assert!(opening.released.is_empty(), "plaintext under a damaged header");
                } else {
                    frame_code(&opening, (offset - frames) % 48, (offset - frames) / 48, code);
                    assert!(plaintext.starts_with(&opening.released), "released bytes are not the plaintext's front");
                    assert_eq!(
                        opening.released.len(),
                        16 * ((offset - frames) / 48).min(2),
                        "released too much or little"
                    );
                }
            }
        }
    }
}

/// Two regular frames of 16 + 32 bytes, then a final one of 8 + 40.
fn frame_code(opening: &Opening, offset: usize, frame: usize, code: &str) {
    let expected: &[&str] = match (frame, offset) {
        // A flip of all bits can make a final frame's marker of a number and back.
        (0 | 1, 0..4) | (2, 0..8) => &["ERR_FRAME_ORDER"],
        (2, 20..24) => &["ERR_MALFORMED", "ERR_FRAME_AUTHENTICATION", "ERR_TRUNCATED", "ERR_TRAILING_DATA"],
        _ => &["ERR_FRAME_AUTHENTICATION"],
    };
    assert!(expected.contains(&code), "{code} for byte {offset} of frame {frame}: {opening:?}");
}

#[test]
fn every_truncation_is_truncated() {
    let plaintext = text(40);
    let message = seal(16, &plaintext, usize::MAX);
    for length in 0..message.len() {
        for piece in PIECES {
            let opening = open(&message[..length], &kek(), &ANY, piece);
            assert_eq!(opening.error(), &Error::Truncated, "{length} bytes");
            assert!(plaintext.starts_with(&opening.released));
        }
    }
}

#[test]
fn nothing_may_follow_the_final_frame() {
    let message = seal(16, &text(40), usize::MAX);
    for extra in [&[0][..], &message, &message[message.len() - 48..]] {
        for piece in PIECES {
            let opening = open(&[&message, extra].concat(), &kek(), &ANY, piece);
            assert_eq!(opening.error(), &Error::TrailingData);
        }
    }
}

#[test]
fn frames_do_not_move() {
    let message = seal(16, &text(40), usize::MAX);
    let header = message.len() - 3 * 48;
    let (first, second, last) = (&message[header..][..48], &message[header + 48..][..48], &message[header + 96..]);
    let front = &message[..header];
    let order = |expected| Error::FrameOrder { expected };
    let other = seal_with(kek(), &CONTEXT, 16, &text(40), usize::MAX, &mut Fixed::new([9, 8, 7]));
    let other_first = &other[header..][..48];
    // A regular frame dressed as the final one, with its own number.
    let dressed = [&[0xff; 4], &second[..16], &[0, 0, 0, 16], &second[16..]].concat();
    for (frames, error) in [
        ([second, first, last].concat(), order(1)),
        ([first, first, last].concat(), order(2)),
        ([first, last].concat(), order(2)),
        ([first, second, second, last].concat(), order(3)),
        ([other_first, second, last].concat(), Error::FrameAuthentication { frame: 1 }),
        ([first, &dressed].concat(), Error::FrameAuthentication { frame: 2 }),
    ] {
        assert_eq!(open(&[front, &frames].concat(), &kek(), &ANY, 13).error(), &error);
    }
}

#[test]
fn limits_are_judged_before_any_key_is_asked() {
    let message = seal(4096, b"x", usize::MAX);
    let header_front = &message[..39 + 30];
    let too_many = Limits { max_edks: 0, ..Limits::default() };
    // As soon as the count is there, before the entries.
    assert_eq!(open(header_front, &Untouched, &too_many, 1).error(), &Error::TooManyEdks { count: 1, limit: 0 });
    let short = Limits { max_frame_length: 4095, ..Limits::default() };
    assert_eq!(open(&message, &Untouched, &short, 1).error(), &Error::FrameTooLong { length: 4096, limit: 4095 });
    let exact = Limits { max_edks: 1, max_frame_length: 4096, ..Limits::default() };
    assert!(open(&message, &kek(), &exact, 1).result.is_ok());
}

#[test]
fn no_client_seals_what_it_would_not_open() {
    let frames = |length, limit| {
        let limits = Limits { max_frame_length: limit, ..Limits::default() };
        let config = Config::new(kek()).frame_length(FrameLength::new(length).expect("length"));
        Client::new(config.limits(limits)).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(frames(4096, 4096), Ok(()));
    assert_eq!(frames(4097, 4096), Err("ERR_INVALID_ARGUMENT"));
}

#[test]
fn an_unexpected_context_is_refused_before_any_key_is_asked() {
    let message = seal(16, b"x", usize::MAX);
    let client = Client::new(Config::new(Untouched)).expect("client");
    for (pairs, key) in
        [(&[("tenant", "t-8")], "tenant"), (&[("absent", "")], "absent"), (&[("Tenant", "t-7")], "Tenant")]
    {
        let header = read_header(&message, client.limits(), usize::MAX).expect("header");
        let refused = client.open(header, &context(pairs), &mut Fixed::counting(), NOW).map(|_| ());
        assert_eq!(refused, Err(Error::ContextMismatch { key: key.to_owned() }));
    }
}

#[test]
fn what_is_no_message_is_named() {
    use base64ct::{Base64, Encoding};
    let message = seal(16, b"x", usize::MAX);
    let base64 = Base64::encode_string(&message);
    assert_eq!(open(base64.as_bytes(), &kek(), &ANY, usize::MAX).error(), &Error::Base64Envelope);
    assert_eq!(open(b"AYADeA", &kek(), &ANY, 1).error(), &Error::Base64Envelope);
    assert_eq!(open(b"%PDF-1.7", &kek(), &ANY, 1).error(), &Error::NotAnEnvelope);
    assert_eq!(open(b"", &kek(), &ANY, 1).error(), &Error::Truncated);
    assert_eq!(open(&[2, 0, 0], &kek(), &ANY, 1).error(), &Error::Malformed("no algorithm suite of version 2"));
    assert_eq!(open(&[2, 1, 0x78], &kek(), &ANY, 1).error(), &Error::Malformed("no algorithm suite of version 2"));
    assert_eq!(
        open(&[1, 0x80, 0x01, 0x78], &kek(), &ANY, 1).error(),
        &Error::SuiteNotAllowed { id: 0x0178, needs: "version1" }
    );
    assert_eq!(
        open(&[1, 0x80, 0x04, 0x78], &kek(), &ANY, 1).error(),
        &Error::Malformed("no algorithm suite of version 1")
    );
}

/// A message whose context block is `block` and whose later parts are those of a good message.
fn with_context_block(block: &[u8]) -> Vec<u8> {
    let message = seal(16, b"x", usize::MAX);
    let old = usize::from(u16::from_be_bytes([message[35], message[36]]));
    let length = u16::try_from(block.len()).expect("short").to_be_bytes();
    [&message[..35], &length, block, &message[37 + old..]].concat()
}

#[test]
fn context_blocks_are_checked() {
    for (block, what) in [
        (&b"\0\0"[..], "encryption context: a block without pairs"),
        (b"\0\x01\0\x01a\0\x02b", "encryption context: a pair runs past the end of the block"),
        (b"\0\x01\0\x01a\0\x01b!", "encryption context: bytes after the last pair"),
        (b"\0\x02\0\x01a\0\x01b\0\x01a\0\x01c", "encryption context: a key occurs twice"),
        (b"\0\x01\0\x01\xff\0\x01b", "encryption context: not UTF-8"),
        (
            b"\0\x01\0\x15aws-crypto-public-key\0\x01b",
            "a signed message without public key, or an unsigned one with it",
        ),
        (b"\0\x01\0\x10aws-crypto-other\0\x01b", "encryption context: a reserved key that the format does not have"),
        (b"\0", "encryption context: a pair runs past the end of the block"),
    ] {
        assert_eq!(open(&with_context_block(block), &kek(), &ANY, 1).error(), &Error::Malformed(what));
    }
    // Unsorted pairs are read; published messages have them.
    let unsorted = with_context_block(b"\0\x02\0\x01b\0\x01x\0\x01a\0\x01y");
    let header = read_header(&unsorted, &ANY, 1).expect("header");
    assert_eq!(header.context(), &context(&[("a", "y"), ("b", "x")]));
}

#[test]
fn contexts_sort_by_utf8_bytes_whatever_the_order_given() {
    // U+FFEE comes before U+10400 in UTF-8 and after it in UTF-16.
    let given = [("\u{10400}", "3"), ("a", "1"), ("\u{ffee}", "2"), ("B", "0"), ("ab", "1b")];
    let message = seal_with(kek(), &given, 16, b"x", usize::MAX, &mut Fixed::counting());
    let length = usize::from(u16::from_be_bytes([message[35], message[36]]));
    let block = &message[37..37 + length];
    let mut positions = Vec::new();
    for key in ["\0\x01B", "\0\x01a", "\0\x02ab", "\0\x03\u{ffee}", "\0\x04\u{10400}"] {
        positions.push(block.windows(key.len()).position(|window| window == key.as_bytes()).expect("key"));
    }
    assert!(positions.is_sorted(), "{positions:?}");
    assert!(open(&message, &kek(), &ANY, 1).result.is_ok());
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
