//! The header: parsed without a key, then unlocked with one; drafted, then sealed.
//!
//! *Invariant:* nothing of a parsed header is trusted until [`Header::unlock`] has checked commit key and tag, and
//! only `unlock` leads to an opener, only [`Draft::seal`] to a sealer.

use alloc::vec::Vec;

use subtle::ConstantTimeEq;

use super::derivation::{COMMIT_KEY_LENGTH, derive};
use super::engine::{HEADER_NONCE, MessageKey, SoftEngine};
use super::frame::{Cut, FrameLength, Layout};
use super::limits::Limits;
use super::suite::{MessageId, Suite};
use super::template::Template;
use super::{edk, v1};
use crate::codec::{Reader, Stop};
use crate::context::EncryptionContext;
use crate::crypto::gcm::{NONCE_LENGTH, TAG_LENGTH};
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::keys::{DataKey, Edk};
use crate::meter::Meter;

pub(super) const FRAMED: u8 = 2;
const NON_FRAMED: u8 = 1;

/// A header as it stands in a message: well-formed, and not yet authentic.
#[derive(Debug)]
pub struct Header {
    suite: Suite,
    message_id: MessageId,
    context: EncryptionContext,
    edks: Vec<Edk>,
    cut: Cut,
    /// Of a suite that commits.
    commit_key: Option<[u8; COMMIT_KEY_LENGTH]>,
    /// What the tag is over: everything above as received, then the pairs that are not stored.
    authenticated: Vec<u8>,
    nonce: [u8; NONCE_LENGTH],
    tag: [u8; TAG_LENGTH],
    length: usize,
    /// Whether the message was found to be what was signed.
    verified: bool,
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
    /// The data's fault: [`Error::NotAnEnvelope`], [`Error::Base64Envelope`], [`Error::Malformed`]. The caller's
    /// limits: [`Error::SuiteNotAllowed`], [`Error::TooManyEdks`], [`Error::NonFramed`], [`Error::FrameTooLong`]. Each comes as soon as the bytes that show it are there.
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
        match version {
            2 => {}
            1 => v1::message_type(&mut reader)?,
            _ => return Err(not_a_version(bytes)),
        }
        let suite = Suite::find(version, reader.u16()?).ok_or(Error::Malformed(match version {
            1 => "no algorithm suite of version 1",
            _ => "no algorithm suite of version 2",
        }))?;
        suite.judge(limits.accept)?;
        let message_id = MessageId::read(suite, &mut reader)?;
        let context = EncryptionContext::parse(reader.field()?)?;
        if context.public_key().is_some() != suite.signature().is_some() {
            return Err(Error::Malformed("a signed message without public key, or an unsigned one with it").into());
        }
        let edks = edk::parse(&mut reader, limits.max_edks)?;
        let content_type = reader.u8()?;
        if content_type != FRAMED && content_type != NON_FRAMED {
            return Err(Error::Malformed("content type is neither framed nor non-framed").into());
        }
        if version == 1 {
            v1::before_frame_length(&mut reader)?;
        }
        let cut = cut(content_type, reader.u32()?, limits)?;
        let commit_key = if suite.commits() { Some(reader.array()?) } else { None };
        let authenticated = bytes[..reader.position()].to_vec();
        let nonce = if version == 1 { reader.array()? } else { HEADER_NONCE };
        let tag = reader.array()?;
        let (length, verified) = (reader.position(), false);
        Ok(Self { suite, message_id, context, edks, cut, commit_key, authenticated, nonce, tag, length, verified })
    }

    /// Adds pairs that the writer authenticated and did not store (specification "Required Encryption Context"). Nothing
    /// in a message says that there are any; without them its data key does not unwrap or its header does not unlock.
    ///
    /// # Errors
    /// [`Error::ContextMismatch`] if a pair is stored after all, with another value.
    pub fn with_unstored(mut self, pairs: &EncryptionContext) -> Result<Self, Error> {
        self.authenticated.extend_from_slice(&self.context.extend(pairs)?.serialize()?);
        Ok(self)
    }

    /// Says that this message's signature was verified.
    pub(super) fn verified(self) -> Self {
        Self { verified: true, ..self }
    }

    /// Whether nothing stands against opening this message under its data key.
    ///
    /// # Errors
    /// [`Error::WholeOnly`] if it is signed, until a [`SignatureCheck`](super::SignatureCheck) has been concluded.
    pub fn require_verified(&self) -> Result<(), Error> {
        match self.suite.signature() {
            Some(_) if !self.verified => Err(Error::WholeOnly("its signature stands at its end")),
            _ => Ok(()),
        }
    }

    /// Checks the commit key, if the suite has one, then the header's tag. Success makes the header trustworthy.
    ///
    /// # Errors
    /// [`Error::CommitmentMismatch`] if `data_key` is not the message's; [`Error::HeaderAuthentication`] if the
    /// header was altered; [`Error::UnwrapFailed`] if `data_key` is not as long as the suite's; those of
    /// [`require_verified`](Self::require_verified).
    pub fn unlock(self, data_key: &DataKey) -> Result<Unlocked, Error> {
        self.unlock_for_soft(data_key).map(|(unlocked, _)| unlocked)
    }

    /// As [`unlock`](Self::unlock), with the engine that checked the tag, for frames that it opens as well.
    pub(super) fn unlock_for_soft(self, data_key: &DataKey) -> Result<(Unlocked, SoftEngine), Error> {
        self.require_verified()?;
        let keys = derive(self.suite, data_key, &self.message_id)?;
        let committed = match (&keys.commit_key, &self.commit_key) {
            (Some(derived), Some(written)) => derived.ct_eq(written).into(),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !committed {
            return Err(Error::CommitmentMismatch);
        }
        // The header's tag is checked here whichever engine opens the frames.
        let engine = SoftEngine::new(&keys.message_key)?;
        engine.check_header(&self.nonce, &self.authenticated, &self.tag)?;
        let Self { message_id, cut, context, .. } = self;
        Ok((Unlocked { message_key: keys.message_key, message_id, cut, context }, engine))
    }

    /// Bytes of the whole header.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The message id. Not authentic yet.
    pub fn message_id(&self) -> &[u8] {
        self.message_id.as_bytes()
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
    ///
    /// # Errors
    /// [`Error::WholeOnly`] if the body is one block, which has no parts that could be opened alone.
    pub fn frame_length(&self) -> Result<FrameLength, Error> {
        self.cut.frame_length()
    }

    /// How a body of `body_length` bytes divides under this header; `None` if it cannot be whole.
    pub fn layout(&self, body_length: u64) -> Option<Layout> {
        self.cut.layout(body_length)
    }

    pub(super) fn cut(&self) -> Cut {
        self.cut
    }

    /// The algorithm suite.
    pub fn suite(&self) -> Suite {
        self.suite
    }
}

/// How the body is cut, by the header's last fields.
fn cut(content_type: u8, frame_length: u32, limits: &Limits) -> Result<Cut, Error> {
    if content_type == NON_FRAMED {
        if frame_length != 0 {
            return Err(Error::Malformed("a non-framed body with a frame length"));
        }
        return limits.accept.non_framed.map(|limit| Cut::Single { limit }).ok_or(Error::NonFramed);
    }
    let frame_length =
        FrameLength::new(frame_length).map_err(|_| Error::Malformed("a framed body with frame length 0"))?;
    if frame_length.get() > limits.max_frame_length {
        return Err(Error::FrameTooLong { length: frame_length.get(), limit: limits.max_frame_length });
    }
    Ok(Cut::Frames(frame_length))
}

/// A header that was checked: its context is authentic and its frames can be opened.
#[derive(Debug)]
pub struct Unlocked {
    pub(super) message_key: MessageKey,
    pub(super) message_id: MessageId,
    pub(super) cut: Cut,
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
    message_id: MessageId,
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
        Ok(Self { message_id: MessageId::Long(random(entropy)?), context, frame_length })
    }

    /// Ends the header: derives the message's keys and writes body and tag.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `edks` is empty or an entry is too long for the format.
    pub fn seal(self, data_key: &DataKey, edks: &[Edk]) -> Result<Sealed, Error> {
        let Self { message_id, frame_length, context } = self;
        let mut header = Vec::new();
        let template = Template::new(&context, edks, frame_length)?;
        let (message_key, _) = template.write(data_key, &message_id, &mut header)?;
        Ok(Sealed { header, message_key, message_id, frame_length, meter: None })
    }
}

/// A written header, and what the frames after it need.
#[derive(Debug)]
pub struct Sealed {
    pub(super) header: Vec<u8>,
    pub(super) message_key: MessageKey,
    pub(super) message_id: MessageId,
    pub(super) frame_length: FrameLength,
    /// Where the frames' plaintext counts, if it has not been counted before.
    pub(super) meter: Option<Meter>,
}

impl Sealed {
    /// The key that an engine for the frames takes over.
    pub fn message_key(&self) -> &MessageKey {
        &self.message_key
    }

    /// The same, with its plaintext counted as it is sealed.
    pub(crate) fn metered(self, meter: Option<Meter>) -> Self {
        Self { meter, ..self }
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
