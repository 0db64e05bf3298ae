//! What the tests share: vector files, fixed randomness, a host that replays, and opening in pieces.
#![allow(dead_code, reason = "each test file uses its part")]

use base64ct::{Base64, Encoding};
use envelock::context::EncryptionContext;
use envelock::entropy::Entropy;
use envelock::error::Error;
use envelock::kek::{Kek, RawAes, Unwrapping, Wrapping};
use envelock::keys::{DataKey, Edk};
use envelock::message::{Header, Limits, Opener, Parsed};
use envelock::operation::Step;
use envelock::secret::Secret;
use envelock::time::Timestamp;

pub(crate) const NOW: Timestamp = Timestamp::EPOCH;

/// Randomness that is a list of bytes, repeated when it ends.
pub(crate) struct Fixed(Vec<u8>, usize);

impl Fixed {
    pub(crate) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into(), 0)
    }

    /// Different bytes for every draw.
    pub(crate) fn counting() -> Self {
        Self::new((0..=250).collect::<Vec<u8>>())
    }
}

impl Entropy for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        for byte in bytes {
            *byte = self.0[self.1 % self.0.len()];
            self.1 += 1;
        }
        Ok(())
    }
}

/// A provider that answers every entry with one data key, as the published commitment vectors need.
pub(crate) struct Static(pub(crate) Vec<u8>);

impl Kek for Static {
    fn wrap(&self, _: &DataKey, _: &EncryptionContext, _: &mut dyn Entropy, _: Timestamp) -> Result<Wrapping, Error> {
        let edk = Edk { provider_id: "static".into(), provider_info: b"k".to_vec(), ciphertext: b"c".to_vec() };
        Ok(Step::Done(vec![edk]))
    }

    fn unwrap(
        &self,
        _: &Edk,
        _: &EncryptionContext,
        _: &mut dyn Entropy,
        _: Timestamp,
    ) -> Result<Option<Unwrapping>, Error> {
        Ok(DataKey::from_unwrapped(Secret::new(self.0.clone())).map(|key| Step::Done(key.into())))
    }

    fn identity(&self) -> [u8; 32] {
        [0; 32]
    }
}

/// A provider that must not be asked.
pub(crate) struct Untouched;

impl Kek for Untouched {
    fn wrap(&self, _: &DataKey, _: &EncryptionContext, _: &mut dyn Entropy, _: Timestamp) -> Result<Wrapping, Error> {
        panic!("asked to wrap")
    }

    fn unwrap(
        &self,
        _: &Edk,
        _: &EncryptionContext,
        _: &mut dyn Entropy,
        _: Timestamp,
    ) -> Result<Option<Unwrapping>, Error> {
        panic!("asked to unwrap")
    }

    fn identity(&self) -> [u8; 32] {
        [0; 32]
    }
}

pub(crate) fn raw_aes(namespace: &str, name: &str, key: &[u8]) -> RawAes {
    RawAes::new(namespace, name, &Secret::new(key.to_vec())).expect("a raw AES key")
}

pub(crate) fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    EncryptionContext::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())))
        .expect("a context")
}

pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    Base64::decode_vec(text).expect("base64")
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

/// What opening gave: the plaintext that was released, and how it ended.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) released: Vec<u8>,
    pub(crate) result: Result<EncryptionContext, Error>,
}

impl Opening {
    pub(crate) fn error(&self) -> &Error {
        self.result.as_ref().expect_err("must not open")
    }
}

/// Opens with a KEK that needs no calls, giving the message in pieces of `piece` bytes.
pub(crate) fn open(message: &[u8], kek: &dyn Kek, limits: &Limits, piece: usize) -> Opening {
    let mut released = Vec::new();
    let result = open_into(message, kek, limits, piece, &mut released);
    Opening { released, result }
}

fn open_into(
    message: &[u8],
    kek: &dyn Kek,
    limits: &Limits,
    piece: usize,
    released: &mut Vec<u8>,
) -> Result<EncryptionContext, Error> {
    let header = read_header(message, limits, piece)?;
    let mut failure = Error::NoMatchingKek;
    let mut data_key = None;
    for edk in header.edks() {
        match kek.unwrap(edk, header.context(), &mut Fixed::counting(), NOW) {
            Ok(Some(Step::Done(unwrapped))) => {
                data_key = Some(unwrapped.key);
                break;
            }
            Ok(Some(Step::Send(..))) => panic!("this KEK needs no calls"),
            Ok(None) => {}
            Err(error) => failure = error,
        }
    }
    let body = &message[header.length()..];
    let unlocked = header.unlock(&data_key.ok_or(failure)?)?;
    let context = unlocked.context().clone();
    let mut opener = Opener::new(unlocked)?;
    for bytes in body.chunks(piece) {
        opener = opener.push(bytes, released)?;
    }
    opener.finish()?;
    Ok(context)
}

/// Parses the header from a front that grows by `piece` bytes.
pub(crate) fn read_header(message: &[u8], limits: &Limits, piece: usize) -> Result<Header, Error> {
    let mut length = 0;
    loop {
        match Header::parse(&message[..length], limits)? {
            Parsed::Complete(header) => return Ok(header),
            Parsed::Incomplete(needed) => assert!(needed > length, "asks for {needed} bytes, has {length}"),
        }
        if length == message.len() {
            return Err(Error::Truncated);
        }
        length = message.len().min(length.saturating_add(piece));
    }
}
