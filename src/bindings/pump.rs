//! Several frames at once through an engine: pieces of any size in, sealed or opened frames out, in order.
//!
//! *Invariant:* at most [`IN_FLIGHT`] frames are on their way, and they come out in the order of the message; of several
//! failures the first in the message is told.

use alloc::vec::Vec;

use js_sys::Uint8Array;

use crate::error::Error;
use crate::message::{FrameFront, FrameOpener, FrameSealer, Front, LONGEST_FRONT};

use super::aes::{Aes, AesPending};
use super::driver::Host;
use super::error::Failure;
use super::gather::{Gather, Piece};

/// Frames on their way through an engine at once. More gains nothing where two to four threads do the work.
pub(super) const IN_FLIGHT: usize = 8;

/// Where finished frames go.
pub(super) trait Sink {
    /// Takes a frame: what stands before its content, and the content.
    fn put(&mut self, front: &[u8], content: &Uint8Array) -> Result<(), Failure>;
}

/// Frames on their way, each with what the caller wants to know when it comes out.
pub(super) struct Window<T>(Vec<(T, AesPending)>);

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Window<T> {
    pub(super) fn push(&mut self, note: T, frame: AesPending) {
        self.0.push((note, frame));
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= IN_FLIGHT
    }

    /// The oldest frame, when it is done; `None` if none is on its way.
    pub(super) async fn next(&mut self) -> Result<Option<(T, Uint8Array)>, Error> {
        if self.0.is_empty() {
            return Ok(None);
        }
        // There are a few only, so moving them up is nothing.
        let (note, frame) = self.0.remove(0);
        Ok(Some((note, frame.await?)))
    }
}

/// A message's body on its way from plaintext.
pub(super) struct Sealing {
    sealer: FrameSealer<Aes>,
    frame_length: u32,
    gather: Gather,
    window: Window<Vec<u8>>,
}

impl Sealing {
    pub(super) fn new(sealer: FrameSealer<Aes>) -> Self {
        Self { frame_length: sealer.frame_length().get(), sealer, gather: Gather::default(), window: Window::default() }
    }

    /// Takes more plaintext and puts the frames that are done.
    pub(super) async fn push(&mut self, bytes: Uint8Array, host: &Host, sink: &mut dyn Sink) -> Result<(), Failure> {
        let mut piece = Piece::new(bytes);
        // Strictly more: a full frame is the final one unless something follows.
        while self.gather.with(&piece) > self.frame_length.into() {
            let content = self.gather.take(&mut piece, self.frame_length)?;
            let frame = self.sealer.frame(content)?;
            self.window.push(frame.front, frame.content);
            if self.window.is_full() {
                put_next(&mut self.window, sink).await?;
            }
            host.progress(self.frame_length.into()).await?;
        }
        self.gather.keep(&mut piece, self.frame_length)
    }

    /// Ends the plaintext and puts all frames that are left.
    pub(super) async fn finish(mut self, host: &Host, sink: &mut dyn Sink) -> Result<(), Failure> {
        let mut nothing = Piece::new(Uint8Array::default());
        let length = self.gather.with(&nothing) as u32;
        let content = self.gather.take(&mut nothing, length)?;
        let frame = self.sealer.last(content)?;
        self.window.push(frame.front, frame.content);
        while put_next(&mut self.window, sink).await? {}
        host.progress(length.into()).await
    }
}

async fn put_next(window: &mut Window<Vec<u8>>, sink: &mut dyn Sink) -> Result<bool, Failure> {
    let Some((front, content)) = window.next().await? else { return Ok(false) };
    sink.put(&front, &content)?;
    Ok(true)
}

/// A message's body on its way to plaintext.
pub(super) struct Opening {
    /// Gone once the final frame is on its way.
    opener: Option<FrameOpener<Aes>>,
    gather: Gather,
    window: Window<()>,
}

impl Opening {
    pub(super) fn new(opener: FrameOpener<Aes>) -> Self {
        Self { opener: Some(opener), gather: Gather::default(), window: Window::default() }
    }

    /// Takes more of the body and puts the plaintext of frames that are verified.
    pub(super) async fn push(&mut self, bytes: Uint8Array, host: &Host, sink: &mut dyn Sink) -> Result<(), Failure> {
        let mut piece = Piece::new(bytes);
        while piece.left() > 0 {
            let Some((front, frame)) = self.cut(&mut piece, sink).await? else { return Ok(()) };
            let length = frame.length();
            self.start(&front, &frame.subarray(front.length() as u32, length))?;
            if self.window.is_full() {
                put_opened(&mut self.window, sink).await?;
            }
            host.progress(length.into()).await?;
        }
        Ok(())
    }

    /// Ends the body and puts all plaintext that is left. The message is complete then.
    pub(super) async fn finish(mut self, sink: &mut dyn Sink) -> Result<(), Failure> {
        self.drain(sink).await?;
        if self.opener.is_some() { Err(Error::Truncated.into()) } else { Ok(()) }
    }

    /// Cuts the next frame off; `None` if it is not all there, and what is there waits.
    async fn cut(
        &mut self,
        piece: &mut Piece,
        sink: &mut dyn Sink,
    ) -> Result<Option<(FrameFront, Uint8Array)>, Failure> {
        let mut bytes = [0; LONGEST_FRONT];
        let there = self.gather.peek(piece, &mut bytes)?;
        let front = match &self.opener {
            Some(opener) => opener.front(&bytes[..there]),
            None => Err(Error::TrailingData),
        };
        let (front, needed) = match front {
            Ok(Front::Incomplete(_)) => {
                self.gather.keep(piece, LONGEST_FRONT as u32)?;
                return Ok(None);
            }
            // A frame is no longer than the limit of a client, 1 GiB.
            Ok(Front::Complete(front)) => (front, (front.length() + front.sealed_length()) as u32),
            Err(error) => {
                // Earlier frames are still on their way, and their failures come first.
                self.drain(sink).await?;
                return Err(error.into());
            }
        };
        if self.gather.with(piece) < needed.into() {
            self.gather.keep(piece, needed)?;
            return Ok(None);
        }
        Ok(Some((front, self.gather.take(piece, needed)?)))
    }

    /// Starts opening a frame.
    fn start(&mut self, front: &FrameFront, sealed: &Uint8Array) -> Result<(), Error> {
        let mut opener = self.opener.take().ok_or(Error::TrailingData)?;
        let frame = match front.is_last() {
            true => opener.last(front, sealed.clone()),
            false => {
                let frame = opener.frame(front, sealed.clone())?;
                self.opener = Some(opener);
                frame
            }
        };
        self.window.push((), frame);
        Ok(())
    }

    async fn drain(&mut self, sink: &mut dyn Sink) -> Result<(), Failure> {
        while put_opened(&mut self.window, sink).await? {}
        Ok(())
    }
}

async fn put_opened(window: &mut Window<()>, sink: &mut dyn Sink) -> Result<bool, Failure> {
    let Some(((), plaintext)) = window.next().await? else { return Ok(false) };
    sink.put(&[], &plaintext)?;
    Ok(true)
}
