//! Sealing on demand: the frames of a plaintext of known length, in any order, again when asked again.
//!
//! *Invariant:* each frame leaves with one ciphertext only. The tag of its first sealing is kept, and sealing it again
//! gives the same tag or nothing, so new content never leaves under a nonce that was used before.

use alloc::vec::Vec;
use core::cell::RefCell;

use super::engine::Engine;
use super::frame::Frame;
use super::header::Sealed;
use super::map::{FrameMap, Place};
use super::seal::{SealedFrame, seal};
use super::suite::MessageId;
use crate::crypto::gcm::TAG_LENGTH;
use crate::error::Error;

/// Seals the frames of one message in any order.
///
/// It keeps 20 bytes for each frame that was sealed.
pub struct LazySealer<E> {
    engine: E,
    header: Vec<u8>,
    message_id: MessageId,
    map: FrameMap,
    /// Of frames that were sealed, sorted by their numbers; most are sealed in order.
    tags: RefCell<Vec<(u32, [u8; TAG_LENGTH])>>,
}

impl<E: Engine> LazySealer<E> {
    /// A sealer for a plaintext of `plaintext_length` bytes behind `sealed`'s header; the engine must run AES under the
    /// same header's key.
    ///
    /// # Errors
    /// [`Error::MessageTooLong`] beyond 2^32-1 frames.
    pub fn new(engine: E, sealed: Sealed, plaintext_length: u64) -> Result<Self, Error> {
        let map = FrameMap::of_plaintext(sealed.header.len() as u64, sealed.frame_length, plaintext_length)?;
        let tags = RefCell::default();
        Ok(Self { engine, message_id: sealed.message_id, header: sealed.header, map, tags })
    }

    /// Where the frames are.
    pub fn map(&self) -> &FrameMap {
        &self.map
    }

    /// The front of the message.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Starts sealing the frame at `place` from its content.
    ///
    /// # Errors
    /// [`Error::SourceChanged`] if the content has another length than the place.
    pub fn start(&self, place: &Place, content: E::Chunk) -> Result<SealedFrame<E::Pending>, Error> {
        let length = place.content_length();
        if E::length(&content) as u64 != u64::from(length) {
            return Err(Error::SourceChanged);
        }
        Ok(seal(&self.engine, &self.message_id, &Frame::at(place), content, length))
    }

    /// Lets a sealed frame out if it is the first of its place or the same as before.
    ///
    /// # Errors
    /// [`Error::SourceChanged`] if the plaintext is not what it was: this message cannot be completed.
    pub fn release(&self, place: &Place, sealed: E::Chunk) -> Result<E::Chunk, Error> {
        let tag = E::tag(&sealed);
        // Tags are public: they stand in the message. Finding other content with the same tag takes the message key.
        let mut tags = self.tags.borrow_mut();
        match tags.binary_search_by_key(&place.number, |(number, _)| *number) {
            Ok(at) if tags[at].1 != tag => return Err(Error::SourceChanged),
            Ok(_) => {}
            Err(at) => tags.insert(at, (place.number, tag)),
        }
        Ok(sealed)
    }
}
