//! Messages that come and go piece by piece; the façade has the streams, here is what happens to a piece.
//!
//! *Invariant:* a stream takes one piece at a time, and after a failure it takes none.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::context::EncryptionContext;
use crate::error::Error;
use crate::message::{FrameOpener, FrameSealer, Header, Parsed};

use super::aes::Engines;
use super::driver::Host;
use super::error::{Failure, promise};
use super::keeper::Keeper;
use super::options::{self, Expected};
use super::pump::{Opening, Sealing, Sink};

/// A message that is sealed piece by piece.
#[wasm_bindgen]
pub struct SealStream {
    state: Rc<RefCell<Option<SealState>>>,
    host: Rc<Host>,
}

struct SealState {
    /// Empty once it went out.
    header: Vec<u8>,
    sealing: Sealing,
}

impl SealStream {
    pub(super) async fn start(
        keeper: &Rc<Keeper>,
        engines: Engines,
        host: Host,
        context: EncryptionContext,
    ) -> Result<Self, Failure> {
        let sealed = keeper.seal(&host, context, None).await?;
        let engine = engines.to_seal(sealed.message_key(), None).await?;
        let state =
            SealState { header: sealed.header().to_vec(), sealing: Sealing::new(FrameSealer::new(engine, &sealed)) };
        Ok(Self { state: Rc::new(RefCell::new(Some(state))), host: Rc::new(host) })
    }
}

#[wasm_bindgen]
impl SealStream {
    /// Takes more plaintext; gives what of the message is ready.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array<ArrayBuffer>[]>")]
    pub fn push(&self, #[wasm_bindgen(unchecked_param_type = "unknown")] piece: &JsValue) -> Result<Promise, JsValue> {
        let piece = options::bytes(piece, "chunk")?;
        let (cell, host) = (Rc::clone(&self.state), Rc::clone(&self.host));
        Ok(promise(async move {
            let (mut state, mut out) = SealState::resume(&cell)?;
            state.sealing.push(piece, &host, &mut out).await?;
            cell.replace(Some(state));
            Ok(out.0.into())
        }))
    }

    /// Ends the plaintext; gives the rest of the message.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array<ArrayBuffer>[]>")]
    pub fn finish(&self) -> Promise {
        let (cell, host) = (Rc::clone(&self.state), Rc::clone(&self.host));
        promise(async move {
            let (state, mut out) = SealState::resume(&cell)?;
            state.sealing.finish(&host, &mut out).await?;
            Ok(out.0.into())
        })
    }
}

impl SealState {
    fn resume(cell: &RefCell<Option<Self>>) -> Result<(Self, Chunks), Failure> {
        let mut state = cell.take().ok_or(BUSY)?;
        let mut out = Chunks(Array::new());
        if !state.header.is_empty() {
            out.put(&core::mem::take(&mut state.header), &Uint8Array::default())?;
        }
        Ok((state, out))
    }
}

/// The façade hands over one piece after the other and stops at a failure.
const BUSY: Error = Error::Internal("a stream takes one piece at a time, and none after a failure");

/// A message that is opened piece by piece.
#[wasm_bindgen]
pub struct OpenStream {
    state: Rc<RefCell<Option<OpenState>>>,
    opener: Rc<Unopened>,
}

/// What it takes to open the message once its header is there.
struct Unopened {
    keeper: Rc<Keeper>,
    engines: Engines,
    host: Host,
    expected: Expected,
}

enum OpenState {
    /// The front of the header, and how many bytes of it are needed to go on.
    Header(Vec<u8>, usize),
    Body(Box<Opening>),
}

impl OpenStream {
    pub(super) fn new(keeper: Rc<Keeper>, engines: Engines, host: Host, expected: Expected) -> Self {
        let state = Rc::new(RefCell::new(Some(OpenState::Header(Vec::new(), 0))));
        Self { state, opener: Rc::new(Unopened { keeper, engines, host, expected }) }
    }
}

#[wasm_bindgen]
impl OpenStream {
    /// Takes more of the message; gives the plaintext that is verified.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array<ArrayBuffer>[]>")]
    pub fn push(&self, #[wasm_bindgen(unchecked_param_type = "unknown")] piece: &JsValue) -> Result<Promise, JsValue> {
        let piece = options::bytes(piece, "chunk")?;
        let (cell, opener) = (Rc::clone(&self.state), Rc::clone(&self.opener));
        Ok(promise(async move {
            let mut out = Chunks(Array::new());
            let state = opener.push(cell.take().ok_or(BUSY)?, piece, &mut out).await?;
            cell.replace(Some(state));
            Ok(out.0.into())
        }))
    }

    /// Ends the message; gives the rest of the plaintext, which is complete then.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array<ArrayBuffer>[]>")]
    pub fn finish(&self) -> Promise {
        let cell = Rc::clone(&self.state);
        promise(async move {
            let mut out = Chunks(Array::new());
            match cell.take().ok_or(BUSY)? {
                OpenState::Header(..) => return Err(Error::Truncated.into()),
                OpenState::Body(opening) => opening.finish(&mut out).await?,
            }
            Ok(out.0.into())
        })
    }
}

impl Unopened {
    async fn push(&self, state: OpenState, piece: Uint8Array, out: &mut Chunks) -> Result<OpenState, Failure> {
        match state {
            OpenState::Body(mut opening) => {
                opening.push(piece, &self.host, out).await?;
                Ok(OpenState::Body(opening))
            }
            OpenState::Header(mut front, needed) => {
                let before = front.len();
                // A piece may hold the header and the whole message after it: no more than the header need be copied.
                let mut taken = 0;
                let mut needed = needed.max(before + 1);
                loop {
                    let more = piece.length().min(u32::try_from(needed - before).unwrap_or(u32::MAX));
                    front.extend_from_slice(&piece.subarray(taken, more).to_vec());
                    taken = more;
                    if front.len() < needed {
                        return Ok(OpenState::Header(front, needed));
                    }
                    match Header::parse(&front, self.keeper.limits())? {
                        Parsed::Incomplete(more) => needed = more,
                        Parsed::Complete(header) => {
                            let mut opening = self.unlock(header).await?;
                            opening.push(piece.subarray(taken, piece.length()), &self.host, out).await?;
                            return Ok(OpenState::Body(Box::new(opening)));
                        }
                    }
                }
            }
        }
    }

    async fn unlock(&self, header: Header) -> Result<Opening, Failure> {
        let Self { keeper, engines, host, expected } = self;
        let unlocked = keeper.open(host, expected.complete(header)?, &expected.pairs).await?;
        let engine = engines.to_open(unlocked.message_key(), None).await?;
        Ok(Opening::new(FrameOpener::new(engine, &unlocked)))
    }
}

/// What went through. A frame's front is a chunk of its own, since to join them would copy every byte once more.
struct Chunks(Array);

impl Sink for Chunks {
    fn put(&mut self, front: &[u8], content: &Uint8Array) -> Result<(), Failure> {
        if !front.is_empty() {
            self.0.push(&Uint8Array::from(front));
        }
        if content.length() > 0 {
            self.0.push(content);
        }
        Ok(())
    }
}
