//! Random access against the sequential way: the same bytes come out, and the same damage is found; on the host and as wasm.

mod support;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use envelock::error::Error;
use envelock::keys::{DataKey, Edk};
use envelock::message::{
    Claim, Draft, FrameLength, FrameSealer, Header, LONGEST_FRONT, LazySealer, Limits, Place, RangeOpener, Sealed,
    Sealer, SoftEngine,
};
use support::{Fixed, context};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const KEY: [u8; 32] = [7; 32];

/// Waits for what does not wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("AES in plain Rust is done at once"),
    }
}

fn data_key() -> DataKey {
    DataKey::generate(&mut Fixed::new(KEY)).expect("data key")
}

/// The same header each time: same data key, same message id.
fn sealed(frame_length: u32) -> Sealed {
    let frame_length = FrameLength::new(frame_length).expect("frame length");
    let draft = Draft::new(context(&[("a", "b")]), frame_length, &mut Fixed::counting()).expect("draft");
    let edk = Edk { provider_id: "test".into(), provider_info: b"k".to_vec(), ciphertext: b"c".to_vec() };
    draft.seal(&data_key(), &[edk]).expect("sealed")
}

fn sequential(frame_length: u32, plaintext: &[u8]) -> Vec<u8> {
    let sealed = sealed(frame_length);
    let mut message = sealed.header().to_vec();
    let sealer = Sealer::new(sealed).expect("sealer").push(plaintext, &mut message).expect("pushed");
    sealer.finish(&mut message).expect("finished");
    message
}

/// The same plaintext with the other end of an exact multiple: all frames regular, and an empty final one.
fn with_empty_end(frame_length: u32, plaintext: &[u8]) -> Vec<u8> {
    let sealed = sealed(frame_length);
    let engine = SoftEngine::new(sealed.message_key()).expect("engine");
    let mut message = sealed.header().to_vec();
    let mut sealer = FrameSealer::new(engine, &sealed);
    let mut put = |front: Vec<u8>, content: Vec<u8>| message.extend_from_slice(&[front, content].concat());
    for chunk in plaintext.chunks(frame_length as usize) {
        let frame = sealer.frame(chunk.to_vec()).expect("frame");
        put(frame.front, now(frame.content).expect("sealed"));
    }
    let frame = sealer.last(Vec::new()).expect("last");
    put(frame.front, now(frame.content).expect("sealed"));
    message
}

fn lazy(frame_length: u32, length: usize) -> LazySealer<SoftEngine> {
    let sealed = sealed(frame_length);
    let engine = SoftEngine::new(sealed.message_key()).expect("engine");
    LazySealer::new(engine, sealed, length as u64).expect("sealer")
}

fn part(bytes: &[u8], range: &std::ops::Range<u64>) -> Vec<u8> {
    bytes[range.start as usize..range.end as usize].to_vec()
}

/// The whole frame at `place`, sealed on demand.
fn frame(sealer: &LazySealer<SoftEngine>, place: &Place, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let frame = sealer.start(place, part(plaintext, &place.plaintext))?;
    let content = sealer.release(place, now(frame.content)?)?;
    Ok([frame.front, content].concat())
}

fn open_at(message: &[u8]) -> Result<RangeOpener<SoftEngine>, Error> {
    let header = Header::parse_whole(message, &Limits::default())?;
    let length = header.length() as u64;
    let unlocked = header.unlock(&data_key())?;
    let engine = SoftEngine::new(unlocked.message_key())?;
    let claim = Claim::new(engine, &unlocked, length, message.len() as u64)?;
    let last = part(message, &claim.last().message);
    let front = &last[..last.len().min(LONGEST_FRONT)];
    now(claim.prove(front, |from| last[from..].to_vec())).map(|(opener, _)| opener)
}

fn read(opener: &RangeOpener<SoftEngine>, message: &[u8], place: &Place) -> Result<Vec<u8>, Error> {
    let bytes = part(message, &place.message);
    let (front, sealed) = bytes.split_at(RangeOpener::<SoftEngine>::front_length(place));
    now(opener.open(place, front, sealed.to_vec())?)
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

#[test]
fn sealing_on_demand_in_any_order_gives_the_message_of_sealing_at_once() {
    for frame_length in [1u32, 3, 16] {
        for length in [0usize, 1, 2, 3, 15, 16, 17, 48, 50] {
            let plaintext = text(length);
            let message = sequential(frame_length, &plaintext);
            let sealer = lazy(frame_length, length);
            assert_eq!(sealer.map().message_length(), message.len() as u64);
            assert_eq!(sealer.header(), &message[..sealer.header().len()]);
            let mut places: Vec<_> = sealer.map().of_message_range(&(0..message.len() as u64)).collect();
            places.reverse();
            for place in places.iter().chain(&places) {
                assert_eq!(frame(&sealer, place, &plaintext), Ok(part(&message, &place.message)), "{place:?}");
            }
        }
    }
}

#[test]
fn a_frame_leaves_with_one_content_only() {
    let plaintext = text(50);
    let sealer = lazy(16, 50);
    let places: Vec<_> = sealer.map().of_plaintext_range(&(0..50)).collect();
    let first = frame(&sealer, &places[1], &plaintext).expect("sealed");
    for at in 16..32 {
        let mut changed = plaintext.clone();
        changed[at] ^= 1;
        assert_eq!(frame(&sealer, &places[1], &changed), Err(Error::SourceChanged), "byte {at}");
    }
    assert_eq!(frame(&sealer, &places[1], &plaintext), Ok(first), "as it was");
    let short = sealer.start(&places[1], plaintext[16..31].to_vec());
    assert_eq!(short.err(), Some(Error::SourceChanged), "a shorter one");
}

#[test]
fn every_frame_opens_alone_with_either_end_of_an_exact_multiple() {
    for frame_length in [1u32, 5, 16] {
        for length in [0usize, 1, 4, 5, 16, 32, 80, 81] {
            let plaintext = text(length);
            let mut messages = vec![sequential(frame_length, &plaintext)];
            if length > 0 && length.is_multiple_of(frame_length as usize) {
                messages.push(with_empty_end(frame_length, &plaintext));
            }
            for message in messages {
                let opener = open_at(&message).expect("proven");
                assert_eq!(opener.map().plaintext_length(), length as u64);
                for place in opener.map().of_plaintext_range(&(0..length as u64)) {
                    assert_eq!(read(&opener, &message, &place), Ok(part(&plaintext, &place.plaintext)));
                }
            }
        }
    }
}

#[test]
fn a_stored_message_of_any_other_length_is_not_opened() {
    let message = sequential(16, &text(50));
    for length in 0..message.len() {
        assert_eq!(open_at(&message[..length]).err(), Some(Error::Truncated), "cut to {length}");
    }
    let frame = &message[message.len() - 42 - 48..message.len() - 42];
    for more in [&[0][..], &[0; 48], &message, frame] {
        assert_eq!(open_at(&[&message, more].concat()).err(), Some(Error::Truncated), "{} more", more.len());
    }
}

#[test]
fn a_flipped_byte_is_found_in_its_frame_alone() {
    let plaintext = text(50);
    let message = sequential(16, &plaintext);
    let opener = open_at(&message).expect("proven");
    let places: Vec<_> = opener.map().of_plaintext_range(&(0..50)).collect();
    let header = opener.map().header_length() as usize;
    for at in header..message.len() {
        let mut damaged = message.clone();
        damaged[at] ^= 0x80;
        let in_last = at as u64 >= places[3].message.start;
        match open_at(&damaged) {
            Err(error) => {
                let codes = ["ERR_TRUNCATED", "ERR_FRAME_AUTHENTICATION"];
                assert!(in_last && codes.contains(&error.code()), "byte {at}: {error}");
            }
            Ok(opener) => {
                assert!(!in_last, "byte {at} of the final frame");
                for place in &places {
                    let result = read(&opener, &damaged, place);
                    if place.message.contains(&(at as u64)) {
                        let code = result.expect_err("damaged").code();
                        assert!(["ERR_FRAME_ORDER", "ERR_FRAME_AUTHENTICATION"].contains(&code), "byte {at}: {code}");
                    } else {
                        assert_eq!(result, Ok(part(&plaintext, &place.plaintext)), "byte {at}");
                    }
                }
            }
        }
    }
}

#[test]
fn frames_do_not_move_between_places() {
    let message = sequential(16, &text(50));
    let opener = open_at(&message).expect("proven");
    let places: Vec<_> = opener.map().of_plaintext_range(&(0..48)).collect();
    let mut swapped = message.clone();
    let (first, second) = (part(&message, &places[0].message), part(&message, &places[1].message));
    swapped[places[0].message.start as usize..][..48].copy_from_slice(&second);
    swapped[places[1].message.start as usize..][..48].copy_from_slice(&first);
    assert_eq!(read(&opener, &swapped, &places[0]), Err(Error::FrameOrder { expected: 1 }));
    // Renumbered, so that only the tag can tell.
    swapped[places[0].message.start as usize..][..4].copy_from_slice(&1u32.to_be_bytes());
    assert_eq!(read(&opener, &swapped, &places[0]), Err(Error::FrameAuthentication { frame: 1 }));
}
