//! The footer of signed messages (specification "Message Footer"): an ECDSA signature over all that stands before it.
//!
//! *Invariant:* a signed message gives no plaintext before its signature is verified. The host verifies it, and has to
//! have the message as a whole for that, so a signed message neither goes through a stream nor opens in parts.

use alloc::vec::Vec;
use core::ops::Range;

use base64ct::{Base64, Encoding};

use super::frame::Cut;
use super::header::Header;
use super::open::{FrameFront, Front};
use super::range::LONGEST_FRONT;
use super::suite::Curve;
use crate::codec::{Reader, Stop};
use crate::error::Error;

/// The signature of a message, for the host to verify.
#[derive(Debug)]
pub struct SignatureCheck {
    header: Header,
    curve: Curve,
    public_key: Vec<u8>,
    signature: Vec<u8>,
    signed_length: u64,
}

impl SignatureCheck {
    /// Finds the footer of the message that `header` begins, and takes it apart. `read` gives bytes of the message, which
    /// has `length` of them. Nothing of this is authentic yet.
    ///
    /// # Errors
    /// The data's fault: [`Error::Truncated`], [`Error::TrailingData`], [`Error::FrameOrder`], [`Error::Malformed`]. The
    /// caller's limit: [`Error::NonFramedTooLong`]. [`Error::Internal`] for a suite that does not sign.
    pub fn new(header: Header, length: u64, read: impl Fn(Range<u64>) -> Vec<u8>) -> Result<Self, Error> {
        let curve = header.suite().signature().ok_or(Error::Internal("a suite without signature"))?;
        let public_key = header.context().public_key().and_then(|text| point(text, curve));
        let public_key = public_key.ok_or(Error::Malformed("a public key that is no compressed point"))?;
        let signed_length = header.end_of_body(length, &read)?;
        // One byte more than the longest footer shows that something follows it.
        let rest = read(signed_length..length.min(signed_length + 2 + longest_signature(curve) as u64 + 1));
        let signature = footer(&rest, curve).map_err(|stop| match stop {
            Stop::Short(_) => Error::Truncated,
            Stop::Bad(error) => error,
        })?;
        Ok(Self { header, curve, public_key, signature, signed_length })
    }

    /// Curve and hash.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// The message's public key, a compressed point. It is authentic once the header is unlocked.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// Both numbers of the signature one after the other, each as long as the curve's order.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// How many bytes from the front of the message are signed: header and body.
    pub fn signed_length(&self) -> u64 {
        self.signed_length
    }

    /// Takes the host's word. The header, and the signed bytes alone, are then a message that can be opened.
    ///
    /// # Errors
    /// [`Error::Signature`] unless `valid`.
    pub fn conclude(self, valid: bool) -> Result<Header, Error> {
        if valid { Ok(self.header.verified()) } else { Err(Error::Signature) }
    }
}

impl Header {
    /// Where the body of a message of `length` bytes ends, by the fronts of its frames alone; `read` gives bytes of it.
    ///
    /// # Errors
    /// As [`SignatureCheck::new`].
    pub fn end_of_body(&self, length: u64, read: impl Fn(Range<u64>) -> Vec<u8>) -> Result<u64, Error> {
        let mut position = self.length() as u64;
        let mut number = 1;
        loop {
            let bytes = read(position.min(length)..length.min(position + LONGEST_FRONT as u64));
            let front = match self.cut() {
                Cut::Frames(frame_length) => FrameFront::read(&bytes, number, frame_length.get())?,
                Cut::Single { limit } => FrameFront::read_single(&bytes, limit)?,
            };
            let Front::Complete(front) = front else { return Err(Error::Truncated) };
            position += (front.length() + front.sealed_length()) as u64;
            if position > length {
                return Err(Error::Truncated);
            }
            if front.is_last() {
                return Ok(position);
            }
            // The front of a frame with the last number is a final one's.
            number += 1;
        }
    }
}

fn footer(bytes: &[u8], curve: Curve) -> Result<Vec<u8>, Stop> {
    let mut reader = Reader::new(bytes);
    let length = usize::from(reader.u16()?);
    if length > longest_signature(curve) {
        return Err(Error::Malformed("a signature longer than its curve has").into());
    }
    let der = reader.bytes(length)?;
    if !reader.is_at_end() {
        return Err(Error::TrailingData.into());
    }
    numbers(der, curve).ok_or(Error::Malformed("a signature that is not DER").into())
}

/// A DER sequence of two positive integers, in its only lawful encoding, as two numbers of fixed length.
fn numbers(der: &[u8], curve: Curve) -> Option<Vec<u8>> {
    let (content, rest) = field(der, 0x30)?;
    let (r, second) = field(content, 0x02)?;
    let (s, end) = field(second, 0x02)?;
    if !rest.is_empty() || !end.is_empty() {
        return None;
    }
    let mut numbers = vec![0; 2 * curve.length()];
    let (left, right) = numbers.split_at_mut(curve.length());
    for (number, place) in [(r, left), (s, right)] {
        let digits = match number {
            // A zero in front is there to keep the sign of what follows, and for nothing else.
            [0, digits @ ..] if digits.first()? & 0x80 != 0 => digits,
            [1..0x80, ..] => number,
            _ => return None,
        };
        let start = place.len().checked_sub(digits.len())?;
        place[start..].copy_from_slice(digits);
    }
    Some(numbers)
}

/// The content of a DER field of this tag and fewer than 128 bytes, and what follows it.
fn field(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    match der {
        [found, length @ 0..0x80, rest @ ..] if *found == tag => rest.split_at_checked((*length).into()),
        _ => None,
    }
}

/// Longest DER of a signature, bytes: headers of sequence and integers, and a zero before each number.
fn longest_signature(curve: Curve) -> usize {
    2 + 2 * (2 + 1 + curve.length())
}

/// A compressed point from its base64.
fn point(text: &str, curve: Curve) -> Option<Vec<u8>> {
    let point = Base64::decode_vec(text).ok()?;
    (point.len() == 1 + curve.length() && matches!(point[0], 2 | 3)).then_some(point)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        let length = |bytes: &[u8]| bytes.len() as u8;
        let content = [&[2, length(r)], r, &[2, length(s)], s].concat();
        [&[0x30, length(&content)], content.as_slice()].concat()
    }

    #[test]
    fn numbers_have_one_encoding() {
        let longest = [&[0][..], &[0xff; 48]].concat();
        let found = numbers(&der(&longest, &[1]), Curve::P384).expect("numbers");
        assert_eq!(found, [&[0xff; 48][..], &[0; 47], &[1]].concat());
        assert!(numbers(&der(&[0, 0x80], &[0x7f]), Curve::P256).is_some());
        let bad: [(&[u8], &str); 7] = [
            (&[], "no digits"),
            (&[0], "zero"),
            (&[0, 0x7f], "a zero too many"),
            (&[0, 0, 0x80], "two zeros"),
            (&[0x80], "negative"),
            (&[0xff; 48], "negative and long"),
            (&[1; 49], "longer than the order"),
        ];
        for (number, what) in bad {
            assert_eq!(numbers(&der(number, &[1]), Curve::P384), None, "{what}");
            assert_eq!(numbers(&der(&[1], number), Curve::P384), None, "{what}");
        }
    }

    #[test]
    fn the_sequence_is_exact() {
        let good = der(&[5], &[6]);
        assert!(numbers(&good, Curve::P384).is_some());
        for end in 0..good.len() {
            assert_eq!(numbers(&good[..end], Curve::P384), None, "cut at {end}");
        }
        assert_eq!(numbers(&[good.as_slice(), &[0]].concat(), Curve::P384), None, "more after it");
        // A third integer inside, other tags, and a length in long form.
        assert_eq!(numbers(&[0x30, 9, 2, 1, 5, 2, 1, 6, 2, 1, 7], Curve::P384), None);
        assert_eq!(numbers(&[0x31, 6, 2, 1, 5, 2, 1, 6], Curve::P384), None);
        assert_eq!(numbers(&[0x30, 6, 4, 1, 5, 2, 1, 6], Curve::P384), None);
        assert_eq!(numbers(&[0x30, 0x81, 6, 2, 1, 5, 2, 1, 6], Curve::P384), None);
    }

    #[test]
    fn points_are_compressed() {
        let text = |front, length| Base64::encode_string(&[&[front][..], &vec![7; length]].concat());
        assert!(point(&text(2, 48), Curve::P384).is_some());
        assert!(point(&text(3, 32), Curve::P256).is_some());
        for (text, curve) in [
            (text(4, 48), Curve::P384),
            (text(2, 32), Curve::P384),
            (text(4, 96), Curve::P384),
            (text(2, 48), Curve::P256),
            (String::new(), Curve::P256),
            (text(2, 48).replace('A', "!"), Curve::P256),
        ] {
            assert_eq!(point(&text, curve), None, "{text}");
        }
    }
}
