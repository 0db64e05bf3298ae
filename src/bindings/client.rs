//! The client as JavaScript calls it: convert in, call, convert out.
//!
//! *Invariant:* plaintext of a message that fails is zeroed before the failure is reported.

use std::rc::Rc;

use js_sys::{Object, Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;

use crate::client::Client;
use crate::context::EncryptionContext;
use crate::error::Error;
use crate::message::{Header, Layout, Limits, Opener, Parsed, Sealer, Unlocked};

use super::driver::{Handles, Host, Platform, array, now};
use super::error::{Failure, set};
use super::options;

/// Bytes that cross the boundary at once.
const PIECE: u32 = 256 * 1024;

/// A configured client.
#[wasm_bindgen]
pub struct Binding {
    client: Rc<Client>,
    handles: Handles,
}

#[wasm_bindgen]
impl Binding {
    /// From the options of `envelock()`.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue) -> Result<Self, JsValue> {
        let (config, handles) = options::config(options).map_err(Failure::from)?;
        let client = Client::new(config).map_err(Failure::from)?;
        Ok(Self { client: Rc::new(client), handles })
    }

    /// Seals `data`, which must not change until the promise is settled.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array<ArrayBuffer>>")]
    pub fn seal(
        &self,
        #[wasm_bindgen(unchecked_param_type = "unknown")] data: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue,
    ) -> Result<Promise, JsValue> {
        // The future owns what it uses: the caller may free this object meanwhile.
        let client = Rc::clone(&self.client);
        let (context, host) = options::call(options, Rc::clone(&self.handles)).map_err(Failure::from)?;
        let data = options::bytes(data, "data").map_err(Failure::from)?;
        Ok(future_to_promise(async move { Ok(seal(&client, &host, &data, context).await?.into()) }))
    }

    /// Opens `message`, which must not change until the promise is settled.
    #[wasm_bindgen(
        unchecked_return_type = "Promise<{ bytes: Uint8Array<ArrayBuffer>; context: Record<string, string> }>"
    )]
    pub fn open(
        &self,
        #[wasm_bindgen(unchecked_param_type = "unknown")] message: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue,
    ) -> Result<Promise, JsValue> {
        let client = Rc::clone(&self.client);
        let (expected, host) = options::call(options, Rc::clone(&self.handles)).map_err(Failure::from)?;
        let message = options::bytes(message, "message").map_err(Failure::from)?;
        Ok(future_to_promise(async move { Ok(open(&client, &host, &message, &expected).await?.into()) }))
    }
}

async fn seal(
    client: &Client,
    host: &Host,
    data: &Uint8Array,
    context: EncryptionContext,
) -> Result<Uint8Array, Failure> {
    let total = data.length();
    let sealed = host.run(client.seal(context, &mut Platform, now())).await?;
    let layout = Layout::of_plaintext(total.into(), sealed.frame_length())?;
    let mut out = Output::new(sealed.header().len() as u64 + layout.body_length, "data")?;
    out.write(sealed.header())?;
    let mut sealer = Sealer::new(sealed)?;
    let mut frames = Vec::new();
    let mut piece = Vec::new();
    for start in (0..total).step_by(PIECE as usize) {
        let end = total.min(start.saturating_add(PIECE));
        read(data, total, start, end, &mut piece)?;
        sealer = sealer.push(&piece, &mut frames)?;
        out.write(&frames)?;
        frames.clear();
        host.progress(end, total).await?;
    }
    sealer.finish(&mut frames)?;
    out.write(&frames)?;
    out.complete()
}

async fn open(
    client: &Client,
    host: &Host,
    message: &Uint8Array,
    expected: &EncryptionContext,
) -> Result<Object, Failure> {
    let total = message.length();
    let header = read_header(message, client.limits())?;
    let (header_length, frame_length) = (header.length(), header.frame_length());
    let unlocked = host.run(client.open(header, expected, &mut Platform, now())).await?;
    let context = options::pairs(unlocked.context());
    let header_length = u32::try_from(header_length).map_err(|_| Error::Internal("header length"))?;
    let body_length = u64::from(total.saturating_sub(header_length));
    // A body without a layout is damaged: reading it finds out how.
    let plaintext_length =
        Layout::of_body(body_length, frame_length).map_or(body_length, |layout| layout.plaintext_length);
    let mut out = Output::new(plaintext_length, "message")?;
    if let Err(failure) = open_frames(unlocked, host, message, total, header_length, &mut out).await {
        out.wipe();
        return Err(failure);
    }
    let opened = Object::new();
    set(&opened, "bytes", out.complete()?.into());
    set(&opened, "context", context.into());
    Ok(opened)
}

async fn open_frames(
    unlocked: Unlocked,
    host: &Host,
    message: &Uint8Array,
    total: u32,
    header_length: u32,
    out: &mut Output,
) -> Result<(), Failure> {
    let mut opener = Opener::new(unlocked)?;
    let mut plaintext = Vec::new();
    let mut piece = Vec::new();
    for start in (header_length..total).step_by(PIECE as usize) {
        let end = total.min(start.saturating_add(PIECE));
        read(message, total, start, end, &mut piece)?;
        opener = opener.push(&piece, &mut plaintext)?;
        out.write(&plaintext)?;
        plaintext.clear();
        host.progress(end, total).await?;
    }
    Ok(opener.finish()?)
}

/// Parses the header from as much of the message's front as it needs.
pub(super) fn read_header(message: &Uint8Array, limits: &Limits) -> Result<Header, Failure> {
    let total = message.length();
    let mut front = Vec::new();
    let mut length = total.min(1024);
    loop {
        read(message, total, 0, length, &mut front)?;
        let needed = match Header::parse(&front, limits)? {
            Parsed::Complete(header) => return Ok(header),
            Parsed::Incomplete(needed) => u32::try_from(needed).unwrap_or(u32::MAX),
        };
        if needed > total {
            return Err(Error::Truncated.into());
        }
        length = total.min(needed.max(length.saturating_mul(2)));
    }
}

/// Copies a piece of a caller's array, which must still be as long as it was.
fn read(array: &Uint8Array, total: u32, start: u32, end: u32, piece: &mut Vec<u8>) -> Result<(), Failure> {
    if array.length() != total {
        return Err(Error::argument(
            "data",
            "was resized or transferred while it was read: keep it until the call is over",
        )
        .into());
    }
    piece.resize((end - start) as usize, 0);
    array.subarray(start, end).copy_to(piece);
    Ok(())
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

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let end = u32::try_from(bytes.len()).ok().and_then(|length| self.written.checked_add(length));
        let end =
            end.filter(|end| *end <= self.array.length()).ok_or(Error::Internal("result longer than its layout"))?;
        self.array.subarray(self.written, end).copy_from(bytes);
        self.written = end;
        Ok(())
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
