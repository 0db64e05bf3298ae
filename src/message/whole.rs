//! Messages that are there in full, opened at once in plain Rust.
//!
//! *Invariant:* a message that is not good to its end leaves no plaintext behind.

use alloc::vec::Vec;

use zeroize::Zeroize;

use super::engine::SoftEngine;
use super::header::Header;
use super::open::{FrameOpener, Front};
use crate::error::Error;
use crate::keys::DataKey;

/// Opens the message that `header` was read from.
///
/// # Errors
/// Those of [`Header::unlock`] and of [`Opener`](super::Opener).
pub fn open_whole(message: &[u8], header: Header, data_key: &DataKey) -> Result<Vec<u8>, Error> {
    let body = message.get(header.length()..).ok_or(Error::Truncated)?;
    let (unlocked, engine) = header.unlock_for_soft(data_key)?;
    let mut out = Vec::new();
    let opened = open_frames(FrameOpener::new(engine, &unlocked), body, &mut out);
    if opened.is_err() {
        out.zeroize();
    }
    opened.map(|()| out)
}

fn open_frames(mut frames: FrameOpener<SoftEngine>, mut body: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    loop {
        let Front::Complete(front) = frames.front(body)? else { return Err(Error::Truncated) };
        let end = front.length() + front.sealed_length();
        let sealed = body.get(front.length()..end).ok_or(Error::Truncated)?.to_vec();
        if front.is_last() {
            append(out, frames.last(&front, sealed).into_inner()?);
            return if body.len() == end { Ok(()) } else { Err(Error::TrailingData) };
        }
        // Room for all that follows: a buffer that had to grow would leave plaintext behind.
        out.reserve_exact(body.len());
        append(out, frames.frame(&front, sealed)?.into_inner()?);
        body = &body[end..];
    }
}

/// Appends a frame's plaintext. The only frame's becomes the result itself, as most messages have one.
fn append(out: &mut Vec<u8>, mut plaintext: Vec<u8>) {
    if out.capacity() == 0 {
        *out = plaintext;
    } else {
        out.extend_from_slice(&plaintext);
        plaintext.zeroize();
    }
}
