//! Pieces of any size in, pieces of a wanted size out.
//!
//! *Invariant:* whatever stays is copied, so it never changes when the caller's array does; what is given out is a view, to
//! be read at once: engines copy what they work on before they return.

use js_sys::Uint8Array;

use crate::error::Error;

use super::driver::array;
use super::error::Failure;

/// What is left of an array that the caller gave.
pub(super) struct Piece {
    rest: Uint8Array,
    left: u32,
}

impl Piece {
    pub(super) fn new(array: Uint8Array) -> Self {
        Self { left: array.length(), rest: array }
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> u32 {
        self.left
    }

    /// A view of the next bytes, `length` or as many as are left.
    fn front(&self, length: u32) -> Result<Uint8Array, Failure> {
        // A view of a buffer that was taken away has no length, and would end the data without a word.
        if self.rest.length() != self.left {
            let problem = "was resized or transferred while it was read: keep it until the call is over";
            return Err(Error::argument("data", problem).into());
        }
        Ok(self.rest.subarray(0, length.min(self.left)))
    }

    fn take(&mut self, length: u32) -> Result<Uint8Array, Failure> {
        let front = self.front(length)?;
        self.rest = self.rest.subarray(front.length(), self.left);
        self.left -= front.length();
        Ok(front)
    }
}

/// Bytes that wait for more, in one buffer for all of them: fresh memory for each would cost more than the copy.
#[derive(Default)]
pub(super) struct Gather {
    buffer: Uint8Array,
    length: u32,
}

impl Gather {
    /// Bytes that are here, what waits and `piece` together.
    pub(super) fn with(&self, piece: &Piece) -> u64 {
        u64::from(self.length) + u64::from(piece.left())
    }

    /// Copies the first bytes of what waits and of `piece` after it to `front`, as many as it holds; how many there were.
    pub(super) fn peek(&self, piece: &Piece, front: &mut [u8]) -> Result<usize, Failure> {
        let wanted = front.len() as u32;
        let kept = self.length.min(wanted);
        self.buffer.subarray(0, kept).copy_to(&mut front[..kept as usize]);
        let more = piece.front(wanted - kept)?;
        let there = (kept + more.length()) as usize;
        more.copy_to(&mut front[kept as usize..there]);
        Ok(there)
    }

    /// A view of the first `length` bytes, which must be here; what is left of `piece` stays in it.
    pub(super) fn take(&mut self, piece: &mut Piece, length: u32) -> Result<Uint8Array, Failure> {
        if self.length == 0 {
            return piece.take(length);
        }
        let more = piece.take(length - self.length.min(length))?;
        self.append(&more, length)?;
        self.length = 0;
        Ok(self.buffer.subarray(0, length))
    }

    /// Keeps a copy of what is left of `piece`, until `most` bytes are here.
    pub(super) fn keep(&mut self, piece: &mut Piece, most: u32) -> Result<(), Failure> {
        let rest = piece.take(piece.left())?;
        self.append(&rest, most)
    }

    /// Appends to the buffer, which grows with what comes, to `most` bytes.
    fn append(&mut self, bytes: &Uint8Array, most: u32) -> Result<(), Failure> {
        let needed = self.length.saturating_add(bytes.length());
        if self.buffer.length() < needed {
            let larger = array(u64::from(needed.saturating_mul(2).min(most).max(needed)), "data")?;
            larger.set(&self.buffer.subarray(0, self.length), 0);
            self.buffer = larger;
        }
        self.buffer.set(bytes, self.length);
        self.length = needed;
        Ok(())
    }
}
