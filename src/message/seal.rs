//! Sealing: plaintext in pieces of any size, frames out.
//!
//! *Invariant:* a frame is written whole or not at all, and the final frame takes the sealer.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::engine::{Engine, FrameJob, SoftEngine};
use super::frame::{FINAL_MARKER, Frame, FrameLength, Frames};
use super::header::Sealed;
use super::suite::MessageId;
use crate::crypto::gcm::TAG_LENGTH;
use crate::error::Error;
use crate::meter::Meter;

/// Seals one message's frames with any engine; the caller cuts the plaintext.
pub struct FrameSealer<E> {
    engine: E,
    message_id: MessageId,
    frame_length: FrameLength,
    frames: Frames,
    meter: Option<Meter>,
}

/// A frame on its way out: its front, and ciphertext with tag when the engine is done.
pub struct SealedFrame<Pending> {
    /// What stands before the ciphertext: marker, number, IV and length.
    pub front: Vec<u8>,
    /// Ciphertext and tag.
    pub content: Pending,
}

impl<E: Engine> FrameSealer<E> {
    /// A sealer for the frames after `sealed`'s header, which must run AES under the same header's key.
    pub fn new(engine: E, sealed: &Sealed) -> Self {
        let (message_id, frame_length, meter) = (sealed.message_id, sealed.frame_length, sealed.meter.clone());
        Self { engine, message_id, frame_length, frames: Frames::new(), meter }
    }

    /// Plaintext bytes of every frame but the last.
    pub fn frame_length(&self) -> FrameLength {
        self.frame_length
    }

    /// Seals the next regular frame.
    ///
    /// # Errors
    /// [`Error::MessageTooLong`] beyond 2^32-1 frames; [`Error::Internal`] unless `content` has exactly the frame
    /// length.
    pub fn frame(&mut self, content: E::Chunk) -> Result<SealedFrame<E::Pending>, Error> {
        if E::length(&content) != self.frame_length.as_usize() {
            return Err(Error::Internal("a regular frame must be full"));
        }
        let frame = self.frames.take()?;
        self.count(self.frame_length.get());
        Ok(seal(&self.engine, &self.message_id, &frame, content, self.frame_length.get()))
    }

    /// Seals the final frame.
    ///
    /// # Errors
    /// [`Error::Internal`] if `content` is longer than the frame length.
    pub fn last(self, content: E::Chunk) -> Result<SealedFrame<E::Pending>, Error> {
        let length = u32::try_from(E::length(&content)).ok().filter(|length| *length <= self.frame_length.get());
        let length = length.ok_or(Error::Internal("final frame longer than a frame"))?;
        self.count(length);
        Ok(seal(&self.engine, &self.message_id, &self.frames.last(), content, length))
    }

    fn count(&self, length: u32) {
        if let Some(meter) = &self.meter {
            meter.add(length.into());
        }
    }
}

/// Starts sealing one frame and writes what stands before it.
pub(super) fn seal<E: Engine>(
    engine: &E,
    message_id: &MessageId,
    frame: &Frame,
    content: E::Chunk,
    length: u32,
) -> SealedFrame<E::Pending> {
    let job = frame.to_seal(message_id, length);
    let mut front = Vec::with_capacity(24);
    put_front(frame, &job, length, &mut front);
    SealedFrame { front, content: engine.seal(job, content) }
}

/// Appends what stands before a frame's ciphertext.
pub(super) fn put_front(frame: &Frame, job: &FrameJob, length: u32, out: &mut Vec<u8>) {
    if frame.is_last() {
        out.extend_from_slice(&FINAL_MARKER.to_be_bytes());
    }
    out.extend_from_slice(&frame.number().to_be_bytes());
    out.extend_from_slice(job.iv());
    if frame.is_last() {
        out.extend_from_slice(&length.to_be_bytes());
    }
}

/// Seals one message's body in plain Rust, from pieces of any size.
pub struct Sealer {
    frames: FrameSealer<SoftEngine>,
    // A full frame waits here until more input comes, as only then it is known not to be the final one.
    waiting: Zeroizing<Vec<u8>>,
}

impl Sealer {
    /// Takes over the header's key. The header itself, [`Sealed::header`], is the front of the message.
    ///
    /// # Errors
    /// [`Error::Internal`] never, as a message key has 32 bytes.
    pub fn new(sealed: Sealed) -> Result<Self, Error> {
        let engine = SoftEngine::new(&sealed.message_key)?;
        Ok(Self { frames: FrameSealer::new(engine, &sealed), waiting: Zeroizing::new(Vec::new()) })
    }

    /// Takes more plaintext and appends the frames that are full to `out`.
    ///
    /// # Errors
    /// [`Error::MessageTooLong`] beyond 2^32-1 frames; the sealer is gone then.
    pub fn push(mut self, mut plaintext: &[u8], out: &mut Vec<u8>) -> Result<Self, Error> {
        let frame_length = self.frames.frame_length.as_usize();
        while !plaintext.is_empty() {
            if self.waiting.len() == frame_length {
                let content = core::mem::take(&mut *self.waiting);
                self.waiting = Zeroizing::new(write(self.frames.frame(content)?, out)?);
                self.waiting.clear();
            }
            let (now, later) = plaintext.split_at(plaintext.len().min(frame_length - self.waiting.len()));
            self.wait(now);
            plaintext = later;
        }
        Ok(self)
    }

    /// Appends the final frame to `out`. The message is complete then.
    ///
    /// # Errors
    /// [`Error::Internal`] never, as no frame is longer than GCM allows.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let content = core::mem::take(&mut *self.waiting);
        write(self.frames.last(content)?, out)?;
        Ok(())
    }

    /// Keeps plaintext for the next frame; when it must move to a larger buffer, the old one is wiped.
    fn wait(&mut self, plaintext: &[u8]) {
        let needed = self.waiting.len() + plaintext.len();
        if self.waiting.capacity() < needed + TAG_LENGTH {
            let room = (2 * needed).min(self.frames.frame_length.as_usize()).max(needed) + TAG_LENGTH;
            let mut larger = Zeroizing::new(Vec::with_capacity(room));
            larger.extend_from_slice(&self.waiting);
            self.waiting = larger;
        }
        self.waiting.extend_from_slice(plaintext);
    }
}

/// Appends a frame of the plain-Rust engine and hands its buffer back for the next one.
fn write(frame: SealedFrame<<SoftEngine as Engine>::Pending>, out: &mut Vec<u8>) -> Result<Vec<u8>, Error> {
    let content = frame.content.into_inner()?;
    out.extend_from_slice(&frame.front);
    out.extend_from_slice(&content);
    Ok(content)
}
