//! A changed message opened where it lies: a frame gives its plaintext or an error, and a proven length is the true one.

#![no_main]

mod support;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use envelock::error::Error;
use envelock::message::{Claim, Header, LONGEST_FRONT, Limits, RangeOpener, SoftEngine};
use libfuzzer_sys::fuzz_target;

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("AES in plain Rust is done at once"),
    }
}

fn prove(message: &[u8]) -> Result<RangeOpener<SoftEngine>, Error> {
    let header = Header::parse_whole(message, &Limits::default())?;
    let length = header.length() as u64;
    let unlocked = header.unlock(&support::data_key())?;
    let engine = SoftEngine::new(unlocked.message_key())?;
    let claim = Claim::new(engine, &unlocked, length, message.len() as u64)?;
    let place = claim.last();
    let last = message[place.message.start as usize..place.message.end as usize].to_vec();
    let front = &last[..last.len().min(LONGEST_FRONT)];
    now(claim.prove(front, |from| last[from..].to_vec())).map(|(opener, _)| opener)
}

fuzz_target!(|recipe: &[u8]| {
    let Some((message, length, is_changed)) = support::changed(recipe) else { return };
    let Ok(opener) = prove(&message) else {
        assert!(is_changed, "the original opens");
        return;
    };
    assert_eq!(opener.map().plaintext_length(), length as u64, "a proven length");
    let plaintext = support::plaintext(length);
    for place in opener.map().of_plaintext_range(&(0..length as u64)) {
        let frame = &message[place.message.start as usize..place.message.end as usize];
        let (front, sealed) = frame.split_at(RangeOpener::<SoftEngine>::front_length(&place));
        match opener.open(&place, front, sealed.to_vec()).and_then(now) {
            Ok(opened) => assert_eq!(opened, plaintext[place.plaintext.start as usize..place.plaintext.end as usize]),
            Err(_) => assert!(is_changed, "the original opens"),
        }
    }
});
