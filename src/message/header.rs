//! The header: parsed without a key, then unlocked with one; drafted, then sealed.
//!
//! *Invariant:* nothing of a parsed header is trusted until [`Header::unlock`] has checked commit key and tag, and
//! only `unlock` leads to an opener, only [`Draft::seal`] to a sealer.

use subtle::ConstantTimeEq;

use super::edk;
use super::engine::MessageKey;
use super::frame::{FrameLength, MESSAGE_ID_LENGTH};
use crate::codec::{Reader, Stop};
use crate::context::EncryptionContext;
use crate::crypto::gcm::{Gcm, NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::kdf::HkdfSha512;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::keys::{DataKey, Edk};

const VERSION: u8 = 2;
const SUITE: u16 = 0x0478;
const FRAMED: u8 = 2;
const NON_FRAMED: u8 = 1;
const COMMIT_KEY_LENGTH: usize = 32;
const MESSAGE_KEY_INFO: &[u8] = b"\x04\x78DERIVEKEY";
const COMMIT_KEY_INFO: &[u8] = b"COMMITKEY";
/// Frame nonces count from 1, so the header's never is a frame's.
const HEADER_NONCE: [u8; NONCE_LENGTH] = [0; NONCE_LENGTH];

/// What a reader accepts of a header that nobody has vouched for yet.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most encrypted data keys; each may cost a call to a key service.
    pub max_edks: u16,
    /// Longest frame, bytes; a reader holds one whole frame before it can release it.
    pub max_frame_length: u32,
}

impl Default for Limits {
    /// 10 encrypted data keys; frames of 16 MiB.
    fn default() -> Self {
        Self { max_edks: 10, max_frame_length: 16 * 1024 * 1024 }
    }
}

/// A header as it stands in a message: well-formed, and not yet authentic.
#[derive(Debug)]
pub struct Header {
    body: Vec<u8>,
    tag: [u8; TAG_LENGTH],
    message_id: [u8; MESSAGE_ID_LENGTH],
    commit_key: [u8; COMMIT_KEY_LENGTH],
    context: EncryptionContext,
    edks: Vec<Edk>,
    frame_length: FrameLength,
}

/// What the front of a message gives.
#[derive(Debug)]
pub enum Parsed {
    /// The whole header is there.
    Complete(Header),
    /// Nothing wrong so far; at least this many bytes are needed to go on.
    Incomplete(usize),
}

impl Header {
    /// Reads the header at the front of `bytes`, which may go on or end anywhere. Needs no key and trusts nothing.
    ///
    /// # Errors
    /// The data's fault: [`Error::NotAnEnvelope`], [`Error::Base64Envelope`], [`Error::UnsupportedSuite`],
    /// [`Error::NonFramed`], [`Error::Malformed`]. The caller's limits: [`Error::TooManyEdks`],
    /// [`Error::FrameTooLong`]. Each comes as soon as the bytes that show it are there.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Parsed, Error> {
        match Self::read(bytes, limits) {
            Ok(header) => Ok(Parsed::Complete(header)),
            Err(Stop::Short(needed)) => Ok(Parsed::Incomplete(needed)),
            Err(Stop::Bad(error)) => Err(error),
        }
    }

    /// Reads the header of a message that is there in full.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`Error::Truncated`] if the bytes end within the header.
    pub fn parse_whole(message: &[u8], limits: &Limits) -> Result<Self, Error> {
        match Self::parse(message, limits)? {
            Parsed::Complete(header) => Ok(header),
            Parsed::Incomplete(_) => Err(Error::Truncated),
        }
    }

    fn read(bytes: &[u8], limits: &Limits) -> Result<Self, Stop> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8()?;
        let suite = match version {
            VERSION => reader.u16()?,
            1 => return Err(version_1(&mut reader)),
            _ => return Err(not_a_version(bytes)),
        };
        if suite != SUITE {
            return Err(match suite {
                0x0578 => Error::UnsupportedSuite(suite),
                _ => Error::Malformed("no algorithm suite of version 2"),
            }
            .into());
        }
        let message_id = reader.array()?;
        let context = EncryptionContext::parse(reader.field()?)?;
        let edks = edk::parse(&mut reader, limits.max_edks)?;
        let content_type = reader.u8()?;
        if content_type != FRAMED && content_type != NON_FRAMED {
            return Err(Error::Malformed("content type is neither framed nor non-framed").into());
        }
        let frame_length = reader.u32()?;
        if content_type == NON_FRAMED {
            return Err(match frame_length {
                0 => Error::NonFramed,
                _ => Error::Malformed("a non-framed body with a frame length"),
            }
            .into());
        }
        let frame_length =
            FrameLength::new(frame_length).map_err(|_| Error::Malformed("a framed body with frame length 0"))?;
        if frame_length.get() > limits.max_frame_length {
            return Err(Error::FrameTooLong { length: frame_length.get(), limit: limits.max_frame_length }.into());
        }
        let commit_key = reader.array()?;
        let body = bytes[..reader.position()].to_vec();
        let tag = reader.array()?;
        Ok(Self { body, tag, message_id, commit_key, context, edks, frame_length })
    }

    /// Checks the commit key, then the header's tag. Success makes the header trustworthy.
    ///
    /// # Errors
    /// [`Error::CommitmentMismatch`] if `data_key` is not the message's; [`Error::HeaderAuthentication`] if the
    /// header was altered.
    pub fn unlock(self, data_key: &DataKey) -> Result<Unlocked, Error> {
        let keys = derive(data_key, &self.message_id)?;
        if !bool::from(keys.commit_key.ct_eq(&self.commit_key)) {
            return Err(Error::CommitmentMismatch);
        }
        header_cipher(&keys.message_key)?
            .open(&HEADER_NONCE, &self.body, &mut [], &self.tag)
            .map_err(|_| Error::HeaderAuthentication)?;
        let Self { message_id, frame_length, context, .. } = self;
        Ok(Unlocked { message_key: keys.message_key, message_id, frame_length, context })
    }

    /// Bytes of the whole header.
    pub fn length(&self) -> usize {
        self.body.len() + TAG_LENGTH
    }

    /// The message id. Not authentic yet.
    pub fn message_id(&self) -> &[u8; MESSAGE_ID_LENGTH] {
        &self.message_id
    }

    /// The encryption context. Not authentic yet.
    pub fn context(&self) -> &EncryptionContext {
        &self.context
    }

    /// The encrypted data keys. Not authentic yet.
    pub fn edks(&self) -> &[Edk] {
        &self.edks
    }

    /// The frame length. Not authentic yet.
    pub fn frame_length(&self) -> FrameLength {
        self.frame_length
    }

    /// The algorithm suite.
    pub fn suite(&self) -> u16 {
        SUITE
    }

    /// The version of the format.
    pub fn version(&self) -> u8 {
        VERSION
    }
}

/// A header that was checked: its context is authentic and its frames can be opened.
#[derive(Debug)]
pub struct Unlocked {
    pub(super) message_key: MessageKey,
    pub(super) message_id: [u8; MESSAGE_ID_LENGTH],
    pub(super) frame_length: FrameLength,
    context: EncryptionContext,
}

impl Unlocked {
    /// The key that an engine for the frames takes over.
    pub fn message_key(&self) -> &MessageKey {
        &self.message_key
    }

    /// The encryption context the message was sealed with.
    pub fn context(&self) -> &EncryptionContext {
        &self.context
    }
}

/// A header to be: the message id is drawn here and used once.
#[derive(Debug)]
pub struct Draft {
    message_id: [u8; MESSAGE_ID_LENGTH],
    context: EncryptionContext,
    frame_length: FrameLength,
}

impl Draft {
    /// Starts a message with a fresh random id.
    ///
    /// # Errors
    /// [`Error::Internal`] when the platform gives no randomness.
    pub fn new(
        context: EncryptionContext,
        frame_length: FrameLength,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, Error> {
        Ok(Self { message_id: random(entropy)?, context, frame_length })
    }

    /// Ends the header: derives the message's keys and writes body and tag.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `edks` is empty or an entry is too long for the format.
    pub fn seal(self, data_key: &DataKey, edks: &[Edk]) -> Result<Sealed, Error> {
        if edks.is_empty() {
            return Err(Error::argument("kek", "no key to seal under"));
        }
        let keys = derive(data_key, &self.message_id)?;
        let context = self.context.serialize()?;
        let mut header = vec![VERSION];
        header.extend_from_slice(&SUITE.to_be_bytes());
        header.extend_from_slice(&self.message_id);
        crate::codec::put_field(&mut header, &context, "context")?;
        edk::encode(edks, &mut header)?;
        header.push(FRAMED);
        header.extend_from_slice(&self.frame_length.get().to_be_bytes());
        header.extend_from_slice(&keys.commit_key);
        let tag = header_cipher(&keys.message_key)?
            .seal(&HEADER_NONCE, &header, &mut [])
            .ok_or(Error::Internal("header too long for GCM"))?;
        header.extend_from_slice(&tag);
        let Self { message_id, frame_length, .. } = self;
        Ok(Sealed { header, message_key: keys.message_key, message_id, frame_length })
    }
}

/// A written header, and what the frames after it need.
#[derive(Debug)]
pub struct Sealed {
    pub(super) header: Vec<u8>,
    pub(super) message_key: MessageKey,
    pub(super) message_id: [u8; MESSAGE_ID_LENGTH],
    pub(super) frame_length: FrameLength,
}

impl Sealed {
    /// The key that an engine for the frames takes over.
    pub fn message_key(&self) -> &MessageKey {
        &self.message_key
    }

    /// The header's bytes, the front of the message.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The frame length.
    pub fn frame_length(&self) -> FrameLength {
        self.frame_length
    }
}

struct Keys {
    message_key: MessageKey,
    commit_key: [u8; COMMIT_KEY_LENGTH],
}

/// Both keys from one extract (format section "Key Derivation").
fn derive(data_key: &DataKey, message_id: &[u8; MESSAGE_ID_LENGTH]) -> Result<Keys, Error> {
    let hkdf = HkdfSha512::new(data_key.secret(), message_id);
    let expand = |info| hkdf.expand(info, 32).ok_or(Error::Internal("HKDF output length"));
    let mut commit_key = [0; COMMIT_KEY_LENGTH];
    // The commit key is public: it stands in the header.
    commit_key.copy_from_slice(expand(COMMIT_KEY_INFO)?.expose());
    Ok(Keys { message_key: MessageKey::new(expand(MESSAGE_KEY_INFO)?), commit_key })
}

fn header_cipher(key: &MessageKey) -> Result<Gcm, Error> {
    // The header's tag is made and checked here whichever engine seals the frames.
    Gcm::new(key.secret()).ok_or(Error::Internal("message key length"))
}

/// A version 1 header; its suites do not commit to their key, so they are refused before any key call.
fn version_1(reader: &mut Reader<'_>) -> Stop {
    let mut suite = || {
        if reader.u8()? != 0x80 {
            return Err(Error::Malformed("no message type of version 1").into());
        }
        reader.u16()
    };
    match suite() {
        Ok(id @ (0x0014 | 0x0046 | 0x0078 | 0x0114 | 0x0146 | 0x0178 | 0x0214 | 0x0346 | 0x0378)) => {
            Error::UnsupportedSuite(id).into()
        }
        Ok(_) => Error::Malformed("no algorithm suite of version 1").into(),
        Err(stop) => stop,
    }
}

/// Tells base64 text of a message from anything else.
fn not_a_version(bytes: &[u8]) -> Stop {
    const BASE64_FRONTS: [&[u8]; 3] = [b"AYA", b"AgR4", b"AgV4"];
    if BASE64_FRONTS.iter().any(|front| bytes.starts_with(front)) {
        return Error::Base64Envelope.into();
    }
    if BASE64_FRONTS.iter().any(|front| front.starts_with(bytes)) {
        return Stop::Short(bytes.len() + 1);
    }
    Error::NotAnEnvelope.into()
}
