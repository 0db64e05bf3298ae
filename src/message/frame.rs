//! Frames: sizes, offsets, numbers, nonces and additional data (format sections "Framed Data", "Body AAD").
//!
//! *Invariant:* a frame number is made once for each message, so no nonce comes twice under a message key.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::engine::FrameJob;
use super::map::Place;
use super::suite::MessageId;
use crate::crypto::gcm::{NONCE_LENGTH, TAG_LENGTH};
use crate::error::Error;

/// What the four bytes before a final frame's number hold.
pub(super) const FINAL_MARKER: u32 = u32::MAX;
/// Bytes of a regular frame beside its content: number, IV, tag.
pub(super) const REGULAR_OVERHEAD: u64 = 4 + NONCE_LENGTH as u64 + TAG_LENGTH as u64;
/// Bytes of a final frame beside its content: marker, number, IV, length, tag.
const FINAL_OVERHEAD: u64 = REGULAR_OVERHEAD + 8;
/// Bytes of a body that is one block beside its content: IV, length, tag.
const SINGLE_OVERHEAD: u64 = NONCE_LENGTH as u64 + 8 + TAG_LENGTH as u64;

/// Frame length of new messages where the caller does not choose: 256 KiB.
///
/// Long enough that the 32 bytes of overhead do not matter, short enough to hold several frames in memory, and
/// below the length from which a browser's WebCrypto slows down.
pub const DEFAULT_FRAME_LENGTH: FrameLength = FrameLength(256 * 1024);

/// Plaintext bytes in each frame but the last, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLength(u32);

impl FrameLength {
    /// # Errors
    /// [`Error::InvalidArgument`] for 0.
    pub fn new(bytes: u32) -> Result<Self, Error> {
        if bytes == 0 { Err(Error::argument("frameLength", "must be at least 1 byte")) } else { Ok(Self(bytes)) }
    }

    /// In bytes.
    pub fn get(self) -> u32 {
        self.0
    }

    pub(super) fn as_usize(self) -> usize {
        // Targets have pointers of 32 bits or more.
        self.0 as usize
    }
}

/// How a message's plaintext is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Into frames of this length, the last one shorter or as long.
    Frames(FrameLength),
    /// Not at all: one block, of at most so many bytes.
    Single { limit: u32 },
}

impl Cut {
    /// # Errors
    /// [`Error::WholeOnly`] where there is one block, which has no parts that could be opened alone.
    pub(super) fn frame_length(self) -> Result<FrameLength, Error> {
        match self {
            Self::Frames(frame_length) => Ok(frame_length),
            Self::Single { .. } => Err(Error::WholeOnly("its body is one block")),
        }
    }

    /// The only layout of a body of `body_length` bytes; `None` if there is none.
    pub(super) fn layout(self, body_length: u64) -> Option<Layout> {
        match self {
            Self::Frames(frame_length) => Layout::of_body(body_length, frame_length),
            Self::Single { .. } => {
                let length = body_length.checked_sub(SINGLE_OVERHEAD)?;
                Layout::new(1, length, length, body_length)
            }
        }
    }
}

/// What a frame is called in its additional data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Regular,
    Final,
    Single,
}

impl Kind {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Regular => b"AWSKMSEncryptionClient Frame",
            Self::Final => b"AWSKMSEncryptionClient Final Frame",
            Self::Single => b"AWSKMSEncryptionClient Single Block",
        }
    }
}

/// One frame's number and kind.
#[derive(Debug)]
pub(super) struct Frame {
    number: NonZeroU32,
    kind: Kind,
}

impl Frame {
    /// A frame of a message of known length, to be opened, or sealed again from the same content. Only
    /// [`LazySealer`](super::LazySealer) may seal with it: it lets nothing out that differs from before.
    pub(super) fn at(place: &Place) -> Self {
        let kind = if place.last { Kind::Final } else { Kind::Regular };
        Self { number: NonZeroU32::new(place.number).unwrap_or(NonZeroU32::MIN), kind }
    }

    pub(super) fn number(&self) -> u32 {
        self.number.get()
    }

    pub(super) fn is_last(&self) -> bool {
        self.kind != Kind::Regular
    }

    /// The work of sealing this frame: its nonce is its number.
    pub(super) fn to_seal(&self, message_id: &MessageId, content: u32) -> FrameJob {
        let mut iv = [0; NONCE_LENGTH];
        iv[NONCE_LENGTH - 4..].copy_from_slice(&self.number().to_be_bytes());
        self.job(message_id, content, iv)
    }

    /// The work of opening this frame: the nonce is the one it came with, as published messages need.
    pub(super) fn to_open(&self, message_id: &MessageId, content: u32, iv: [u8; NONCE_LENGTH]) -> FrameJob {
        self.job(message_id, content, iv)
    }

    fn job(&self, message_id: &MessageId, content: u32, iv: [u8; NONCE_LENGTH]) -> FrameJob {
        let (message_id, name) = (message_id.as_bytes(), self.kind.name());
        let mut aad = Vec::with_capacity(message_id.len() + name.len() + 12);
        aad.extend_from_slice(message_id);
        aad.extend_from_slice(name);
        aad.extend_from_slice(&self.number().to_be_bytes());
        aad.extend_from_slice(&u64::from(content).to_be_bytes());
        FrameJob { number: self.number(), iv, aad }
    }
}

/// The frame counter of one message.
#[derive(Debug)]
pub(super) struct Frames {
    next: NonZeroU32,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { next: NonZeroU32::MIN }
    }

    /// The number that comes next.
    pub(super) fn expected(&self) -> u32 {
        self.next.get()
    }

    /// The next regular frame. The last number is kept for the final frame.
    pub(super) fn take(&mut self) -> Result<Frame, Error> {
        let number = self.next;
        self.next = number.checked_add(1).ok_or(Error::MessageTooLong)?;
        Ok(Frame { number, kind: Kind::Regular })
    }

    /// The final frame. The counter is gone: nothing can follow.
    pub(super) fn last(self) -> Frame {
        Frame { number: self.next, kind: Kind::Final }
    }

    /// The block of a body that has no other.
    pub(super) fn single(self) -> Frame {
        Frame { number: self.next, kind: Kind::Single }
    }
}

/// How a message's bytes divide, from its lengths alone. Unproven until the final frame is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Frames, the final one counted.
    pub frames: u32,
    /// Plaintext bytes in the final frame.
    pub last_length: u32,
    /// Plaintext bytes in all.
    pub plaintext_length: u64,
    /// Bytes of all frames, without the header.
    pub body_length: u64,
}

impl Layout {
    /// The layout that sealing `plaintext_length` bytes gives: an exact multiple ends in a full final frame.
    ///
    /// # Errors
    /// [`Error::MessageTooLong`] beyond 2^32-1 frames.
    pub fn of_plaintext(plaintext_length: u64, frame_length: FrameLength) -> Result<Self, Error> {
        let length = u64::from(frame_length.get());
        let frames = plaintext_length.div_ceil(length).max(1);
        let body_length = frames
            .checked_mul(REGULAR_OVERHEAD)
            .and_then(|overhead| overhead.checked_add(FINAL_OVERHEAD - REGULAR_OVERHEAD))
            .and_then(|overhead| overhead.checked_add(plaintext_length))
            .ok_or(Error::MessageTooLong)?;
        Self::new(frames, plaintext_length - (frames - 1) * length, plaintext_length, body_length)
            .ok_or(Error::MessageTooLong)
    }

    /// The only layout of a body of `body_length` bytes; `None` if there is none.
    pub fn of_body(body_length: u64, frame_length: FrameLength) -> Option<Self> {
        let length = u64::from(frame_length.get());
        let frames = body_length.checked_sub(FINAL_OVERHEAD - REGULAR_OVERHEAD)?.div_ceil(length + REGULAR_OVERHEAD);
        let regular = frames.checked_sub(1)?.checked_mul(length + REGULAR_OVERHEAD)?;
        let last = body_length.checked_sub(FINAL_OVERHEAD)?.checked_sub(regular)?;
        Self::new(frames, last, (frames - 1) * length + last, body_length)
    }

    fn new(frames: u64, last_length: u64, plaintext_length: u64, body_length: u64) -> Option<Self> {
        Some(Self {
            frames: u32::try_from(frames).ok()?,
            last_length: u32::try_from(last_length).ok()?,
            plaintext_length,
            body_length,
        })
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_counter_stops_before_a_number_would_come_twice() {
        let mut frames = Frames { next: NonZeroU32::MAX.saturating_sub_one() };
        assert_eq!(frames.take().map(|frame| frame.number()), Ok(u32::MAX - 1));
        assert_eq!(frames.take().map(|frame| frame.number()), Err(Error::MessageTooLong));
        assert_eq!(frames.last().number(), u32::MAX);
    }

    #[test]
    fn layouts_agree_from_both_sides() -> Result<(), Error> {
        for frame_length in [1, 2, 5, 4096] {
            let frame_length = FrameLength::new(frame_length)?;
            for plaintext in 0..20_000 {
                let layout = Layout::of_plaintext(plaintext, frame_length)?;
                assert_eq!(Layout::of_body(layout.body_length, frame_length), Some(layout));
            }
        }
        Ok(())
    }

    #[test]
    fn impossible_lengths_have_no_layout() -> Result<(), Error> {
        let four = FrameLength::new(4)?;
        assert_eq!(Layout::of_body(39, four), None, "shorter than a final frame");
        assert_eq!(Layout::of_body(45, four), None, "one byte over a full final frame");
        assert_eq!(Layout::of_plaintext(u64::from(u32::MAX) * 4 + 1, four), Err(Error::MessageTooLong));
        assert!(Layout::of_plaintext(u64::from(u32::MAX) * 4, four).is_ok());
        assert_eq!(Layout::of_plaintext(u64::MAX, four), Err(Error::MessageTooLong));
        let longest = FrameLength::new(u32::MAX)?;
        assert_eq!(Layout::of_plaintext(u64::MAX, longest), Err(Error::MessageTooLong));
        assert_eq!(Layout::of_body(u64::MAX, four), None);
        Ok(())
    }

    trait SubOne {
        fn saturating_sub_one(self) -> Self;
    }

    impl SubOne for NonZeroU32 {
        fn saturating_sub_one(self) -> Self {
            NonZeroU32::new(self.get() - 1).unwrap_or(NonZeroU32::MIN)
        }
    }
}
