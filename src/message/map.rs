//! Where every frame of a message of known length lies, in the message and in its plaintext (format section 19).
//!
//! *Invariant:* pure arithmetic over lengths that nobody has vouched for; proving them is `range`'s work.

use core::ops::Range;

use super::frame::{FrameLength, Layout, REGULAR_OVERHEAD};
use crate::error::Error;

/// The frames of one message, by number from 1.
#[derive(Debug, Clone, Copy)]
pub struct FrameMap {
    header_length: u64,
    frame_length: u64,
    layout: Layout,
}

/// One frame: number, kind, and the bytes it has on either side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub number: u32,
    /// Whether it is the final frame.
    pub last: bool,
    /// Its bytes of the plaintext.
    pub plaintext: Range<u64>,
    /// Its bytes of the message, front and tag included.
    pub message: Range<u64>,
}

impl Place {
    /// Plaintext bytes of the frame.
    pub fn content_length(&self) -> u32 {
        // A frame length is a u32.
        (self.plaintext.end - self.plaintext.start) as u32
    }
}

impl FrameMap {
    /// The map of the message that sealing `plaintext_length` bytes behind a header of `header_length` bytes gives.
    ///
    /// # Errors
    /// [`Error::MessageTooLong`] beyond 2^32-1 frames.
    pub fn of_plaintext(header_length: u64, frame_length: FrameLength, plaintext_length: u64) -> Result<Self, Error> {
        let layout = Layout::of_plaintext(plaintext_length, frame_length)?;
        layout.body_length.checked_add(header_length).ok_or(Error::MessageTooLong)?;
        Ok(Self { header_length, frame_length: frame_length.get().into(), layout })
    }

    /// The only map of a stored message of `message_length` bytes.
    ///
    /// # Errors
    /// [`Error::Truncated`] if no message has that length: it was cut off, or more was appended.
    pub fn of_message(header_length: u64, frame_length: FrameLength, message_length: u64) -> Result<Self, Error> {
        let body_length = message_length.checked_sub(header_length).ok_or(Error::Truncated)?;
        let layout = Layout::of_body(body_length, frame_length).ok_or(Error::Truncated)?;
        Ok(Self { header_length, frame_length: frame_length.get().into(), layout })
    }

    /// Plaintext bytes in all.
    pub fn plaintext_length(&self) -> u64 {
        self.layout.plaintext_length
    }

    /// Bytes of the whole message.
    pub fn message_length(&self) -> u64 {
        self.header_length + self.layout.body_length
    }

    /// Bytes of the header.
    pub fn header_length(&self) -> u64 {
        self.header_length
    }

    /// The final frame.
    pub fn last(&self) -> Place {
        self.place(self.layout.frames)
    }

    /// The frames that hold these bytes of the plaintext, in order; none for an empty range.
    pub fn of_plaintext_range(&self, range: &Range<u64>) -> impl Iterator<Item = Place> + use<> {
        self.places(range, self.frame_length)
    }

    /// The frames that hold these bytes of the message, in order; the header is no frame.
    pub fn of_message_range(&self, range: &Range<u64>) -> impl Iterator<Item = Place> + use<> {
        let in_body = |at: u64| at.saturating_sub(self.header_length);
        self.places(&(in_body(range.start)..in_body(range.end)), self.frame_length + REGULAR_OVERHEAD)
    }

    /// Where a reader that starts at byte `start` of the plaintext, or of the message, should stop so that it needs
    /// `frames` whole frames and none of them twice.
    pub fn stop_after(&self, start: u64, frames: u32, side: Side) -> u64 {
        let range = start..start.saturating_add(1);
        let (first, length) = match side {
            Side::Plaintext => (self.of_plaintext_range(&range).next(), self.plaintext_length()),
            Side::Message => (self.of_message_range(&range).next(), self.message_length()),
        };
        let number = first.map_or(1, |place| place.number).saturating_add(frames - 1).min(self.layout.frames);
        let place = self.place(number);
        match side {
            Side::Plaintext => place.plaintext.end.min(length),
            Side::Message => place.message.end.min(length),
        }
    }

    /// The frames of a range, where each but the last has `stride` bytes.
    fn places(&self, range: &Range<u64>, stride: u64) -> impl Iterator<Item = Place> + use<> {
        let before = |at: u64| (at / stride).min(u64::from(self.layout.frames) - 1);
        let numbers = match range.is_empty() {
            true => 0..0,
            false => before(range.start)..before(range.end - 1) + 1,
        };
        let map = *self;
        // Below the number of frames, which is a u32.
        numbers.map(move |before| map.place(before as u32 + 1))
    }

    fn place(&self, number: u32) -> Place {
        let before = u64::from(number) - 1;
        let last = number == self.layout.frames;
        let plaintext = before * self.frame_length;
        let message = self.header_length + before * (self.frame_length + REGULAR_OVERHEAD);
        Place {
            number,
            last,
            plaintext: plaintext..if last { self.layout.plaintext_length } else { plaintext + self.frame_length },
            message: message..if last { self.message_length() } else { message + self.frame_length + REGULAR_OVERHEAD },
        }
    }
}

/// Which of a message's two byte sequences a position counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What was sealed.
    Plaintext,
    /// What is stored.
    Message,
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn frames_tile_both_sides_without_a_gap() -> Result<(), Error> {
        for frame_length in [1, 2, 5, 64] {
            for plaintext in 0..200 {
                let map = FrameMap::of_plaintext(100, FrameLength::new(frame_length)?, plaintext)?;
                let stored = FrameMap::of_message(100, FrameLength::new(frame_length)?, map.message_length())?;
                assert_eq!(stored.plaintext_length(), plaintext);
                let places: Vec<_> = map.of_message_range(&(0..map.message_length())).collect();
                let (mut at_plaintext, mut at_message) = (0, 100);
                for (index, place) in places.iter().enumerate() {
                    assert_eq!(place.number as usize, index + 1);
                    assert_eq!((place.plaintext.start, place.message.start), (at_plaintext, at_message));
                    (at_plaintext, at_message) = (place.plaintext.end, place.message.end);
                    assert_eq!(place.last, index + 1 == places.len());
                }
                assert_eq!((at_plaintext, at_message), (plaintext, map.message_length()));
                assert_eq!(places.last(), Some(&map.last()));
            }
        }
        Ok(())
    }

    #[test]
    fn a_range_names_just_the_frames_that_hold_it() -> Result<(), Error> {
        let map = FrameMap::of_plaintext(10, FrameLength::new(4)?, 11)?;
        for start in 0..map.plaintext_length() {
            for end in start..=map.plaintext_length() {
                let found: Vec<_> = map.of_plaintext_range(&(start..end)).map(|place| place.number).collect();
                let expected: Vec<_> = (1..=3u32)
                    .filter(|number| {
                        let at = u64::from(*number - 1) * 4;
                        start < end && start < at + 4 && at < end
                    })
                    .collect();
                assert_eq!(found, expected, "{start}..{end}");
            }
        }
        assert_eq!(map.of_message_range(&(0..10)).count(), 0, "the header is no frame");
        assert_eq!(map.of_message_range(&(9..11)).map(|place| place.number).collect::<Vec<_>>(), [1]);
        Ok(())
    }

    #[test]
    fn readers_stop_at_the_end_of_a_frame() -> Result<(), Error> {
        let map = FrameMap::of_plaintext(10, FrameLength::new(4)?, 11)?;
        assert_eq!(map.stop_after(0, 2, Side::Plaintext), 8);
        assert_eq!(map.stop_after(3, 1, Side::Plaintext), 4);
        assert_eq!(map.stop_after(4, 9, Side::Plaintext), 11);
        assert_eq!(map.stop_after(11, 1, Side::Plaintext), 11);
        assert_eq!(map.stop_after(0, 1, Side::Message), 10 + 36);
        assert_eq!(map.stop_after(map.message_length() - 1, 3, Side::Message), map.message_length());
        Ok(())
    }

    #[test]
    fn lengths_that_no_message_has_are_cut_off() -> Result<(), Error> {
        let four = FrameLength::new(4)?;
        for length in [0, 99, 100, 139, 145] {
            assert_eq!(FrameMap::of_message(100, four, length).err(), Some(Error::Truncated), "{length}");
        }
        Ok(())
    }
}
