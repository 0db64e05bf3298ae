//! Random access to a stored message: any frames, in any order, once its length is proven (format section 19).
//!
//! *Invariant:* no frame is opened before the final frame has proven how long the message is; a cut at a frame boundary
//! would go unnoticed otherwise.

use super::engine::Engine;
use super::frame::Frame;
use super::header::Unlocked;
use super::map::{FrameMap, Place};
use super::open::{FrameFront, Front};
use super::suite::MessageId;
use crate::error::Error;

/// Bytes of the longest front of a frame.
pub const LONGEST_FRONT: usize = 24;

/// A stored message whose header is unlocked and whose length is only claimed.
pub struct Claim<E> {
    opener: RangeOpener<E>,
}

/// Opens the frames of a stored message in any order.
pub struct RangeOpener<E> {
    engine: E,
    message_id: MessageId,
    map: FrameMap,
}

impl<E: Engine> Claim<E> {
    /// A message of `message_length` bytes whose header has `header_length`; the engine must run AES under the same
    /// header's key.
    ///
    /// # Errors
    /// [`Error::Truncated`] if no message has that length; [`Error::WholeOnly`] if its body is one block.
    pub fn new(engine: E, unlocked: &Unlocked, header_length: u64, message_length: u64) -> Result<Self, Error> {
        let map = FrameMap::of_message(header_length, unlocked.cut.frame_length()?, message_length)?;
        Ok(Self { opener: RangeOpener { engine, message_id: unlocked.message_id, map } })
    }

    /// The final frame, whose bytes [`prove`](Self::prove) needs.
    pub fn last(&self) -> Place {
        self.opener.map.last()
    }

    /// Checks the final frame: its tag binds number and length, and so the length of the message. `front` has its first
    /// bytes, as many as [`LONGEST_FRONT`] or all there are; `cut` gives its bytes from an offset to the end.
    ///
    /// # Errors
    /// [`Error::Truncated`] if what stands there is no final frame: the message was cut off or appended to.
    /// [`Error::FrameAuthentication`] if it does not belong to this message and place.
    pub async fn prove(
        self,
        front: &[u8],
        cut: impl FnOnce(usize) -> E::Chunk,
    ) -> Result<(RangeOpener<E>, E::Chunk), Error> {
        let last = self.last();
        let front_length = self.opener.front(&last, front).map_err(|_| Error::Truncated)?.length();
        let plaintext = self.opener.open(&last, front, cut(front_length))?.await?;
        Ok((self.opener, plaintext))
    }
}

impl<E: Engine> RangeOpener<E> {
    /// Where the frames are. Proven.
    pub fn map(&self) -> &FrameMap {
        &self.map
    }

    /// Starts opening the frame at `place`, from its front and the ciphertext and tag after it.
    ///
    /// # Errors
    /// [`Error::FrameOrder`] if another frame stands there, [`Error::Truncated`] if its bytes are not all there; later
    /// [`Error::FrameAuthentication`].
    pub fn open(&self, place: &Place, front: &[u8], sealed: E::Chunk) -> Result<E::Pending, Error> {
        let front = self.front(place, front)?;
        if E::length(&sealed) != front.sealed_length() {
            return Err(Error::Truncated);
        }
        Ok(self.engine.open(front.job(&Frame::at(place), &self.message_id), sealed))
    }

    /// Bytes of the front at `place`; ciphertext and tag follow.
    pub fn front_length(place: &Place) -> usize {
        if place.last { LONGEST_FRONT } else { LONGEST_FRONT - 8 }
    }

    /// Reads a front and checks that it is the one that must stand at `place`.
    fn front(&self, place: &Place, front: &[u8]) -> Result<FrameFront, Error> {
        let length = place.content_length();
        match FrameFront::read(front, place.number, length)? {
            Front::Incomplete(_) => Err(Error::Truncated),
            Front::Complete(found) if found.is_last() == place.last && found.content_length() == length => Ok(found),
            Front::Complete(_) => Err(Error::FrameOrder { expected: place.number }),
        }
    }
}
