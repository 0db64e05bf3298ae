//! What the tests share: vector files, fixed randomness, a host that replays, and opening in pieces.
#![allow(dead_code, reason = "each test file uses its part")]

use std::ops::Range;

use base64ct::{Base64, Encoding};
use envelock::client::Keyed;
use envelock::context::EncryptionContext;
use envelock::entropy::Entropy;
use envelock::error::Error;
use envelock::kek::{Kek, LocalKek, RawAes, Unwrapping, Wrapping};
use envelock::keys::{DataKey, Edk};
use envelock::message::{Accept, Curve, Draft, FrameLength, Header, Limits, Opener, Parsed, SignatureCheck};
use envelock::operation::{Call, HttpResponse, Operation, Pending, Response, Step, Unreachable};
use envelock::secret::Secret;
use envelock::time::Timestamp;
use p384::ecdsa::signature::Verifier;
use serde::Deserialize;

pub(crate) const NOW: Timestamp = Timestamp::EPOCH;

/// Of any size, and of the kind that is written.
pub(crate) const ANY: Limits = Limits { accept: Accept::NOTHING, ..Limits::NONE };
/// Whole, in pieces, and byte by byte.
pub(crate) const PIECES: [usize; 4] = [usize::MAX, 1000, 7, 1];

/// A raw AES key as vector files have it.
#[derive(Deserialize)]
pub(crate) struct RawKek {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) key_hex: String,
}

impl RawKek {
    pub(crate) fn kek(&self) -> RawAes {
        raw_aes(&self.namespace, &self.name, &unhex(&self.key_hex))
    }
}

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

/// The step of a client that has nobody to wait for and nothing to renew, as it has no cache.
pub(crate) fn alone<T, Back>(keyed: Result<Keyed<T, Back>, Error>) -> Result<Step<Pending<T>>, Error> {
    match keyed? {
        Keyed::Go(step, None) => Ok(step),
        Keyed::Go(_, Some(_)) | Keyed::Wait(..) => panic!("this client has no cache"),
    }
}

pub(crate) fn raw_aes(namespace: &str, name: &str, key: &[u8]) -> RawAes {
    RawAes::new(namespace, name, &Secret::new(key.to_vec())).expect("a raw AES key")
}

pub(crate) fn local(name: &str) -> LocalKek {
    LocalKek::new(name, &Secret::new((0..32).collect())).expect("a local KEK")
}

/// Whether two data keys are the same, which only a message can tell.
pub(crate) fn same_key(left: &DataKey, right: &DataKey) -> bool {
    let entropy = &mut Fixed::counting();
    let draft = Draft::new(EncryptionContext::default(), FrameLength::new(1).expect("length"), entropy);
    let edk = Edk { provider_id: "p".into(), provider_info: vec![], ciphertext: vec![] };
    let sealed = draft.expect("draft").seal(left, &[edk]).expect("sealed");
    let header = Header::parse_whole(sealed.header(), &Limits::default()).expect("header");
    header.unlock(right).is_ok()
}

/// Does what an operation asks for until it is over. Time passes by the delays.
pub(crate) fn finish<T>(
    mut step: Result<Step<Pending<T>>, Error>,
    mut host: impl FnMut(&Call) -> Result<Response, Unreachable>,
) -> Result<T, Error> {
    let mut now = NOW;
    loop {
        match step? {
            Step::Done(output) => return Ok(output),
            Step::Send(operation, request) => {
                now = now.plus(request.delay);
                step = operation.resume(host(&request.call), now);
            }
        }
    }
}

/// An HTTP answer with a JSON body.
pub(crate) fn answer(status: u16, body: &serde_json::Value) -> Result<Response, Unreachable> {
    let body = Secret::new(serde_json::to_vec(body).expect("body"));
    Ok(Response::Http(HttpResponse { status, correlation_id: None, retry_after: None, body }))
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
    open_with(message, kek, limits, piece, &EncryptionContext::default())
}

/// As [`open`], with pairs that the message does not store.
pub(crate) fn open_with(
    message: &[u8],
    kek: &dyn Kek,
    limits: &Limits,
    piece: usize,
    unstored: &EncryptionContext,
) -> Opening {
    let mut released = Vec::new();
    let result = open_into(message, kek, limits, piece, unstored, &mut released);
    Opening { released, result }
}

/// Verifies a signature as a host does; gives the header, and the message without its footer.
fn verify(header: Header, message: &[u8]) -> Result<(Header, &[u8]), Error> {
    let read = |range: Range<u64>| message[range.start as usize..range.end as usize].to_vec();
    let check = SignatureCheck::new(header, message.len() as u64, read)?;
    let signed = &message[..check.signed_length() as usize];
    let valid = match check.curve() {
        Curve::P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(check.public_key());
            let signature = p256::ecdsa::Signature::from_slice(check.signature());
            key.and_then(|key| key.verify(signed, &signature?)).is_ok()
        }
        Curve::P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(check.public_key());
            let signature = p384::ecdsa::Signature::from_slice(check.signature());
            key.and_then(|key| key.verify(signed, &signature?)).is_ok()
        }
    };
    Ok((check.conclude(valid)?, signed))
}

fn open_into(
    message: &[u8],
    kek: &dyn Kek,
    limits: &Limits,
    piece: usize,
    unstored: &EncryptionContext,
    released: &mut Vec<u8>,
) -> Result<EncryptionContext, Error> {
    let header = read_header(message, limits, piece)?.with_unstored(unstored)?;
    let (header, message) = match header.suite().signature() {
        Some(_) => verify(header, message)?,
        None => (header, message),
    };
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
