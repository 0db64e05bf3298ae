//! Opening: message bytes in pieces of any size, verified plaintext out.
//!
//! *Invariant:* plaintext of a frame leaves only after its tag is verified, and only [`Opener::finish`] says that the
//! plaintext is complete.

use alloc::vec::Vec;

use zeroize::Zeroize;

use super::engine::{Engine, FrameJob, SoftEngine};
use super::frame::{Cut, FINAL_MARKER, Frame, Frames};
use super::header::Unlocked;
use super::suite::MessageId;
use crate::codec::{Reader, Stop};
use crate::crypto::gcm::{NONCE_LENGTH, TAG_LENGTH};
use crate::error::Error;

/// Opens one message's frames with any engine; the caller cuts the message by the fronts.
pub struct FrameOpener<E> {
    engine: E,
    message_id: MessageId,
    cut: Cut,
    frames: Frames,
}

/// The front of a frame: well-formed, the next in order, and not yet authentic.
#[derive(Debug, Clone, Copy)]
pub struct FrameFront {
    last: bool,
    iv: [u8; NONCE_LENGTH],
    content: u32,
    length: usize,
}

/// What the first bytes of a frame give.
#[derive(Debug)]
pub enum Front {
    /// The whole front is there.
    Complete(FrameFront),
    /// Nothing wrong so far; at least this many bytes are needed to go on.
    Incomplete(usize),
}

impl Front {
    fn new(parsed: Result<FrameFront, Stop>) -> Result<Self, Error> {
        match parsed {
            Ok(front) => Ok(Self::Complete(front)),
            Err(Stop::Short(needed)) => Ok(Self::Incomplete(needed)),
            Err(Stop::Bad(error)) => Err(error),
        }
    }
}

impl FrameFront {
    /// Reads the front of frame `expected` from the first bytes of it.
    ///
    /// # Errors
    /// [`Error::FrameOrder`] if another frame stands there, [`Error::Malformed`] if its length is over `frame_length`.
    pub(super) fn read(bytes: &[u8], expected: u32, frame_length: u32) -> Result<Front, Error> {
        Front::new(framed(&mut Reader::new(bytes), expected, frame_length))
    }

    /// Reads the front of a body that is one block.
    ///
    /// # Errors
    /// [`Error::NonFramedTooLong`] if it has more than `limit` bytes.
    pub(super) fn read_single(bytes: &[u8], limit: u32) -> Result<Front, Error> {
        Front::new(single(&mut Reader::new(bytes), limit))
    }

    /// The work of opening the frame behind this front.
    pub(super) fn job(&self, frame: &Frame, message_id: &MessageId) -> FrameJob {
        frame.to_open(message_id, self.content, self.iv)
    }

    /// Plaintext bytes of the frame.
    pub(super) fn content_length(&self) -> u32 {
        self.content
    }

    /// Whether this is the final frame.
    pub fn is_last(&self) -> bool {
        self.last
    }

    /// Bytes of the front itself.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Bytes of ciphertext and tag that follow.
    pub fn sealed_length(&self) -> usize {
        self.content as usize + TAG_LENGTH
    }
}

fn framed(reader: &mut Reader<'_>, expected: u32, frame_length: u32) -> Result<FrameFront, Stop> {
    let mut number = reader.u32()?;
    let last = number == FINAL_MARKER;
    if last {
        number = reader.u32()?;
    }
    if number != expected {
        return Err(Error::FrameOrder { expected }.into());
    }
    let iv = reader.array()?;
    let content = if last { reader.u32()? } else { frame_length };
    if content > frame_length {
        return Err(Error::Malformed("final frame longer than a frame").into());
    }
    Ok(FrameFront { last, iv, content, length: reader.position() })
}

fn single(reader: &mut Reader<'_>, limit: u32) -> Result<FrameFront, Stop> {
    let iv = reader.array()?;
    let length = u64::from_be_bytes(reader.array()?);
    match u32::try_from(length) {
        Ok(content) if content <= limit => Ok(FrameFront { last: true, iv, content, length: reader.position() }),
        _ => Err(Error::NonFramedTooLong { length, limit }.into()),
    }
}

impl<E: Engine> FrameOpener<E> {
    /// An opener for the frames after `unlocked`'s header, which must run AES under the same header's key.
    pub fn new(engine: E, unlocked: &Unlocked) -> Self {
        Self { engine, message_id: unlocked.message_id, cut: unlocked.cut, frames: Frames::new() }
    }

    /// Reads the front of the next frame, as soon as it is there.
    ///
    /// # Errors
    /// [`Error::FrameOrder`] if it is not the next frame, [`Error::Malformed`] if its length is over the frame length,
    /// [`Error::NonFramedTooLong`] if a body's only block is longer than is accepted.
    pub fn front(&self, bytes: &[u8]) -> Result<Front, Error> {
        match self.cut {
            Cut::Frames(frame_length) => FrameFront::read(bytes, self.frames.expected(), frame_length.get()),
            Cut::Single { limit } => FrameFront::read_single(bytes, limit),
        }
    }

    /// Opens the regular frame of `front`.
    pub fn frame(&mut self, front: &FrameFront, sealed: E::Chunk) -> Result<E::Pending, Error> {
        let frame = self.frames.take().map_err(|_| Error::Malformed("more frames than the format has numbers"))?;
        Ok(self.engine.open(front.job(&frame, &self.message_id), sealed))
    }

    /// Opens the final frame of `front`.
    pub fn last(self, front: &FrameFront, sealed: E::Chunk) -> E::Pending {
        let frame = match self.cut {
            Cut::Frames(_) => self.frames.last(),
            Cut::Single { .. } => self.frames.single(),
        };
        self.engine.open(front.job(&frame, &self.message_id), sealed)
    }
}

/// Opens one message's body in plain Rust, from pieces of any size.
pub struct Opener {
    // Gone once the final frame is verified.
    frames: Option<FrameOpener<SoftEngine>>,
    waiting: Vec<u8>,
}

impl Opener {
    /// Takes over the header's key.
    ///
    /// # Errors
    /// [`Error::Internal`] never, as a message key has 32 bytes.
    pub fn new(unlocked: Unlocked) -> Result<Self, Error> {
        let engine = SoftEngine::new(&unlocked.message_key)?;
        Ok(Self { frames: Some(FrameOpener::new(engine, &unlocked)), waiting: Vec::new() })
    }

    /// Takes more of the message, from the end of the header on, and appends the plaintext of every frame that is
    /// there in full and verified to `out`.
    ///
    /// Until [`finish`](Self::finish) succeeds that plaintext may be a cut-off prefix.
    ///
    /// # Errors
    /// [`Error::FrameOrder`], [`Error::FrameAuthentication`], [`Error::Malformed`], [`Error::TrailingData`]: the
    /// message is damaged or forged, and the opener is gone. Nothing of the failed frame reaches `out`.
    pub fn push(mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<Self, Error> {
        loop {
            let Some(mut frames) = self.frames.take() else {
                if bytes.is_empty() && self.waiting.is_empty() {
                    return Ok(self);
                }
                return Err(Error::TrailingData);
            };
            let needed = match frames.front(&self.waiting)? {
                Front::Incomplete(needed) => needed,
                Front::Complete(front) => {
                    let needed = front.length() + front.sealed_length();
                    if self.waiting.len() == needed {
                        let sealed = self.waiting.split_off(front.length());
                        let last = front.is_last();
                        let mut plaintext = if last {
                            frames.last(&front, sealed).into_inner()?
                        } else {
                            let plaintext = frames.frame(&front, sealed)?.into_inner()?;
                            self.frames = Some(frames);
                            plaintext
                        };
                        out.extend_from_slice(&plaintext);
                        plaintext.zeroize();
                        self.waiting.clear();
                        continue;
                    }
                    needed
                }
            };
            self.frames = Some(frames);
            if bytes.is_empty() {
                return Ok(self);
            }
            let (now, later) = bytes.split_at(bytes.len().min(needed - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Ends the input.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the final frame did not come: discard what was released.
    pub fn finish(self) -> Result<(), Error> {
        if self.frames.is_some() { Err(Error::Truncated) } else { Ok(()) }
    }
}
