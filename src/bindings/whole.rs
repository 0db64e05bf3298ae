//! Messages that are in memory as a whole.
//!
//! *Invariant:* plaintext of a message that fails is zeroed before the failure is reported.

use alloc::rc::Rc;

use js_sys::{Object, Uint8Array};

use crate::context::EncryptionContext;
use crate::error::Error;
use crate::message::{FrameOpener, FrameSealer, Header, Layout, Limits, Parsed, Unlocked};

use super::aes::Engines;
use super::driver::{Host, array};
use super::error::{Failure, set};
use super::keeper::Keeper;
use super::options::{self, Expected};
use super::pump::{Opening, Sealing, Sink};
use super::signature;

/// Seals all of `data`.
pub(super) async fn seal(
    keeper: &Rc<Keeper>,
    engines: Engines,
    host: &Host,
    data: Uint8Array,
    context: EncryptionContext,
) -> Result<Uint8Array, Failure> {
    let total = u64::from(data.length());
    host.expect(total);
    let sealed = keeper.seal(host, context, Some(total)).await?;
    let layout = Layout::of_plaintext(total, sealed.frame_length())?;
    let engine = engines.to_seal(sealed.message_key(), Some(total)).await?;
    let mut out = Output::new(sealed.header().len() as u64 + layout.body_length, "data")?;
    out.put(sealed.header(), &Uint8Array::default())?;
    let mut sealing = Sealing::new(FrameSealer::new(engine, &sealed));
    sealing.push(data, host, &mut out).await?;
    sealing.finish(host, &mut out).await?;
    out.complete()
}

/// Opens all of `message`: an object with `bytes` and `context`.
pub(super) async fn open(
    keeper: &Rc<Keeper>,
    engines: Engines,
    host: &Host,
    message: Uint8Array,
    expected: &Expected,
) -> Result<Object, Failure> {
    let header = expected.complete(read_header(&message, keeper.limits())?)?;
    let (header, message) = signature::verify(header, message).await?;
    let total = message.length();
    host.expect(total.into());
    let header_length = u32::try_from(header.length()).map_err(|_| Error::Internal("header length"))?;
    let body_length = u64::from(total.saturating_sub(header_length));
    // A body without a layout is damaged: reading it finds out how.
    let plaintext_length = header.layout(body_length).map_or(body_length, |layout| layout.plaintext_length);
    let unlocked = keeper.open(host, header, &expected.pairs).await?;
    let context = options::pairs(unlocked.context());
    let mut out = Output::new(plaintext_length, "message")?;
    host.progress(header_length.into()).await?;
    if let Err(failure) = open_body(unlocked, engines, host, message.subarray(header_length, total), &mut out).await {
        out.wipe();
        return Err(failure);
    }
    let opened = Object::new();
    set(&opened, "bytes", out.complete()?.into());
    set(&opened, "context", context.into());
    Ok(opened)
}

async fn open_body(
    unlocked: Unlocked,
    engines: Engines,
    host: &Host,
    body: Uint8Array,
    out: &mut Output,
) -> Result<(), Failure> {
    let engine = engines.to_open(unlocked.message_key(), Some(body.length().into())).await?;
    let mut opening = Opening::new(FrameOpener::new(engine, &unlocked));
    opening.push(body, host, out).await?;
    opening.finish(out).await
}

/// Parses the header from as much of the message's front as it needs.
pub(super) fn read_header(message: &Uint8Array, limits: &Limits) -> Result<Header, Failure> {
    let total = message.length();
    let mut length = total.min(1024);
    loop {
        let needed = match Header::parse(&message.subarray(0, length).to_vec(), limits)? {
            Parsed::Complete(header) => return Ok(header),
            Parsed::Incomplete(needed) => u32::try_from(needed).unwrap_or(u32::MAX),
        };
        if needed > total {
            return Err(Error::Truncated.into());
        }
        length = total.min(needed.max(length.saturating_mul(2)));
    }
}

/// A result array that is filled from the front.
struct Output {
    array: Uint8Array,
    written: u32,
}

impl Output {
    fn new(length: u64, what: &str) -> Result<Self, Failure> {
        Ok(Self { array: array(length, what)?, written: 0 })
    }

    /// The place of the next `length` bytes.
    fn claim(&mut self, length: u32) -> Result<u32, Failure> {
        let start = self.written;
        let end = start.checked_add(length).filter(|end| *end <= self.array.length());
        self.written = end.ok_or(Error::Internal("result longer than its layout"))?;
        Ok(start)
    }

    fn wipe(&self) {
        self.array.fill(0, 0, self.array.length());
    }

    fn complete(self) -> Result<Uint8Array, Failure> {
        match self.written == self.array.length() {
            true => Ok(self.array),
            false => Err(Error::Internal("result shorter than its layout").into()),
        }
    }
}

impl Sink for Output {
    fn put(&mut self, front: &[u8], content: &Uint8Array) -> Result<(), Failure> {
        if !front.is_empty() {
            let start = self.claim(front.len() as u32)?;
            self.array.subarray(start, self.written).copy_from(front);
        }
        let start = self.claim(content.length())?;
        self.array.set(content, start);
        Ok(())
    }
}
