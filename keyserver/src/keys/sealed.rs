//! What a stored object has to be: one whole sealed message, under one root key and no other.
//!
//! Reads the AWS Encryption SDK message format, version 2, as far as that takes no key: header fields, names of the wrapped
//! data keys, lengths and order of the frames. Whether it opens is only known to whoever has the key.
//! *Invariant:* shares no code with the client; keeps at most the header in memory, whatever the message claims to be.

use crate::error::Error;

const VERSION: u8 = 2;
const SIGNED_SUITE: u16 = 0x0578;
const UNSIGNED_SUITE: u16 = 0x0478;
const FRAMED: u8 = 2;
const MESSAGE_ID_BYTES: usize = 32;
const COMMITMENT_BYTES: usize = 32;
const IV_BYTES: u64 = 12;
const TAG_BYTES: u64 = 16;
const END_MARKER: u32 = u32::MAX;
/// A context and some wrapped keys of the longest legal size.
const MAX_HEADER_BYTES: usize = 256 << 10;
/// All name one root key, so that a few are enough. What is there of a header is read again with every piece that arrives:
/// without a limit, many keys in tiny pieces would keep a processor busy for minutes.
const MAX_KEYS: u16 = 100;

/// A wrapped data key of a header: who can unwrap it, by name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrappedFor {
    /// The kind of key service.
    pub(crate) provider: String,
    /// Which key there.
    pub(crate) info: Vec<u8>,
}

/// Follows a message as its bytes arrive.
pub(crate) struct SealedMessage {
    /// Bytes of a part that is not complete yet.
    pending: Vec<u8>,
    part: Part,
    frame_length: u32,
    signed: bool,
    sequence: u32,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    FrameNumber,
    FinalFrame,
    Content { left: u64, last: bool },
    SignatureLength,
    Signature { left: u64 },
    Nothing,
}

impl SealedMessage {
    /// Nothing has arrived.
    pub(crate) fn new() -> Self {
        Self { pending: Vec::new(), part: Part::Header, frame_length: 0, signed: false, sequence: 1 }
    }

    /// Takes the next bytes. Answers the header's wrapped keys once, when the header is complete.
    ///
    /// Errors: [`Error::NotSealed`] for anything but a header, [`Error::MessageDamaged`] for frames that do not follow.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<Option<Vec<WrappedFor>>, Error> {
        let mut found = None;
        while !bytes.is_empty() {
            bytes = match self.part {
                Part::Header => {
                    let (rest, header) = self.header(bytes)?;
                    found = header.or(found);
                    rest
                }
                Part::FrameNumber => self.frame_number(bytes)?,
                Part::FinalFrame => self.final_frame(bytes)?,
                Part::Content { left, last } => self.content(bytes, left, last),
                Part::SignatureLength => self.signature_length(bytes),
                Part::Signature { left } => self.signature(bytes, left),
                Part::Nothing => return Err(Error::MessageDamaged("it goes on after its end")),
            };
        }
        Ok(found)
    }

    /// The message has to be whole. Errors: as [`SealedMessage::push`].
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.part {
            Part::Nothing => Ok(()),
            Part::Header => Err(Error::NotSealed("it is shorter than any sealed message")),
            _ => Err(Error::MessageDamaged("it ends before its last frame does")),
        }
    }

    fn header<'a>(&mut self, bytes: &'a [u8]) -> Result<(&'a [u8], Option<Vec<WrappedFor>>), Error> {
        let before = self.pending.len();
        // The rest of a large piece is not header and need not be kept.
        let taken = bytes.len().min(MAX_HEADER_BYTES + 1 - before);
        self.pending.extend_from_slice(&bytes[..taken]);
        let mut reader = Reader { bytes: &self.pending, at: 0 };
        match reader.header()? {
            Some(header) => {
                let end = reader.at;
                self.frame_length = header.frame_length;
                self.signed = header.signed;
                self.pending.clear();
                self.part = Part::FrameNumber;
                Ok((&bytes[end - before..], Some(header.keys)))
            }
            None if self.pending.len() > MAX_HEADER_BYTES => Err(Error::NotSealed("its header is longer than 256 KiB")),
            None => Ok((&[], None)),
        }
    }

    /// Collects `wanted` bytes; `None` while there are fewer.
    fn collect<'a>(&mut self, bytes: &'a [u8], wanted: usize) -> (&'a [u8], Option<Vec<u8>>) {
        let taken = bytes.len().min(wanted - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        let whole = (self.pending.len() == wanted).then(|| std::mem::take(&mut self.pending));
        (&bytes[taken..], whole)
    }

    fn frame_number<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Error> {
        let (rest, word) = self.collect(bytes, 4);
        match word.map(|word| number(&word)) {
            None => {}
            Some(END_MARKER) => self.part = Part::FinalFrame,
            Some(sequence) if sequence == self.sequence => {
                self.sequence = sequence.checked_add(1).ok_or(Error::MessageDamaged("it has too many frames"))?;
                self.part = Part::Content { left: IV_BYTES + u64::from(self.frame_length) + TAG_BYTES, last: false };
            }
            Some(_) => return Err(Error::MessageDamaged("its frames are not in order")),
        }
        Ok(rest)
    }

    fn final_frame<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Error> {
        let (rest, fields) = self.collect(bytes, 4 + IV_BYTES as usize + 4);
        if let Some(fields) = fields {
            let (sequence, length) = (number(&fields[..4]), number(&fields[4 + IV_BYTES as usize..]));
            if sequence != self.sequence {
                return Err(Error::MessageDamaged("its frames are not in order"));
            }
            if length > self.frame_length {
                return Err(Error::MessageDamaged("its last frame is longer than a frame can be"));
            }
            self.part = Part::Content { left: u64::from(length) + TAG_BYTES, last: true };
        }
        Ok(rest)
    }

    fn content<'a>(&mut self, bytes: &'a [u8], left: u64, last: bool) -> &'a [u8] {
        let (rest, left) = skip(bytes, left);
        self.part = match (left, last) {
            (0, false) => Part::FrameNumber,
            (0, true) if self.signed => Part::SignatureLength,
            (0, true) => Part::Nothing,
            _ => Part::Content { left, last },
        };
        rest
    }

    fn signature_length<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (rest, length) = self.collect(bytes, 2);
        if let Some(length) = length {
            let left = u64::from(u16::from_be_bytes([length[0], length[1]]));
            self.part = if left == 0 { Part::Nothing } else { Part::Signature { left } };
        }
        rest
    }

    fn signature<'a>(&mut self, bytes: &'a [u8], left: u64) -> &'a [u8] {
        let (rest, left) = skip(bytes, left);
        self.part = if left == 0 { Part::Nothing } else { Part::Signature { left } };
        rest
    }
}

/// What is after `left` bytes, and how many of those are still to come.
fn skip(bytes: &[u8], left: u64) -> (&[u8], u64) {
    let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    (&bytes[skipped..], left - skipped as u64)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

struct Header {
    signed: bool,
    frame_length: u32,
    keys: Vec<WrappedFor>,
}

/// Reads fields from the start of a message that may not be all there; `None` means "not yet".
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn field(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// The whole header with its tag; an error as soon as what is there cannot be the start of one.
    fn header(&mut self) -> Result<Option<Header>, Error> {
        let Some(version) = self.u8() else { return Ok(None) };
        if version != VERSION {
            return Err(Error::NotSealed("it does not start like a sealed message"));
        }
        let Some(suite) = self.u16() else { return Ok(None) };
        let signed = match suite {
            UNSIGNED_SUITE => false,
            SIGNED_SUITE => true,
            _ => return Err(Error::NotSealed("its algorithm suite is not one that commits to the key")),
        };
        self.rest(signed)
    }

    fn rest(&mut self, signed: bool) -> Result<Option<Header>, Error> {
        let Some(_) = self.take(MESSAGE_ID_BYTES) else { return Ok(None) };
        let Some(_context) = self.field() else { return Ok(None) };
        let Some(count) = self.u16() else { return Ok(None) };
        if count == 0 {
            return Err(Error::NotSealed("it has no wrapped data key"));
        }
        if count > MAX_KEYS {
            return Err(Error::NotSealed("it has more than 100 wrapped data keys"));
        }
        let mut keys = Vec::new();
        for _ in 0..count {
            let Some(key) = self.wrapped_key()? else { return Ok(None) };
            keys.push(key);
        }
        let (Some(kind), Some(length)) = (self.u8(), self.take(4)) else { return Ok(None) };
        let frame_length = number(length);
        if kind != FRAMED || frame_length == 0 {
            return Err(Error::NotSealed("it is not made of frames"));
        }
        let tail = self.take(COMMITMENT_BYTES + TAG_BYTES as usize);
        Ok(tail.map(|_| Header { signed, frame_length, keys }))
    }

    fn wrapped_key(&mut self) -> Result<Option<WrappedFor>, Error> {
        let (Some(provider), Some(info), Some(_)) = (self.field(), self.field(), self.field()) else { return Ok(None) };
        let provider =
            str::from_utf8(provider).map_err(|_| Error::NotSealed("the name of a key provider is not text"))?;
        Ok(Some(WrappedFor { provider: provider.to_owned(), info: info.to_vec() }))
    }
}

#[cfg(test)]
#[path = "sealed/tests.rs"]
mod tests;
