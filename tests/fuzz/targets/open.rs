//! A changed message, whole and byte by byte: the same bytes come out, a front of the plaintext, and only the original opens.

#![no_main]

mod support;

use envelock::error::Error;
use envelock::message::{Header, Limits, Opener, Parsed};
use libfuzzer_sys::fuzz_target;

fn open(message: &[u8], piece: usize) -> (Vec<u8>, Result<(), Error>) {
    let mut released = Vec::new();
    let result = (|| {
        let header = match Header::parse(message, &Limits::default())? {
            Parsed::Complete(header) => header,
            Parsed::Incomplete(_) => return Err(Error::Truncated),
        };
        let body = &message[header.length()..];
        let mut opener = Opener::new(header.unlock(&support::data_key())?)?;
        for bytes in body.chunks(piece) {
            opener = opener.push(bytes, &mut released)?;
        }
        opener.finish()
    })();
    (released, result)
}

fuzz_target!(|recipe: &[u8]| {
    let Some((message, length, is_changed)) = support::changed(recipe) else { return };
    let whole = open(&message, usize::MAX);
    assert_eq!(whole, open(&message, 1));
    assert_eq!(whole.1.is_ok(), !is_changed, "{:?}", whole.1);
    assert!(support::plaintext(length).starts_with(&whole.0));
});
