//! The client as JavaScript calls it: convert in, call, convert out.
//!
//! *Invariant:* a promise owns all it uses: the caller may free any object while it is under way.

use alloc::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::client::Client;
use crate::context::EncryptionContext;

use super::aes::Engines;
use super::driver::{Handles, Host};
use super::error::promise;
use super::keeper::Keeper;
use super::options::{self, Expected};
use super::source::Source;
use super::stream::{OpenStream, SealStream};
use super::{file, whole};

/// A configured client.
#[wasm_bindgen]
pub struct Binding {
    keeper: Rc<Keeper>,
    engines: Engines,
    pub(super) handles: Handles,
}

#[wasm_bindgen]
impl Binding {
    /// From the options of `envelock()`, and the word for the kind of runtime.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue,
        runtime: &str,
    ) -> Result<Self, JsValue> {
        let options::Chosen { config, engine, handles, on_rewrapped } = options::config(options)?;
        let keeper = Keeper::new(Client::new(config)?, Rc::clone(&handles), on_rewrapped);
        let engines = Engines { choice: engine, runtime: options::runtime(runtime) };
        Ok(Self { keeper, engines, handles })
    }

    /// Seals `data`, which must not change until the promise is settled.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array<ArrayBuffer>>")]
    pub fn seal(
        &self,
        #[wasm_bindgen(unchecked_param_type = "unknown")] data: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue,
    ) -> Result<Promise, JsValue> {
        let (keeper, engines) = (self.keeper(), self.engines);
        let (context, host) = self.sealing(options)?;
        let data = options::bytes(data, "data")?;
        Ok(promise(async move { Ok(whole::seal(&keeper, engines, &host, data, context).await?.into()) }))
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
        let (keeper, engines) = (self.keeper(), self.engines);
        let (expected, host) = self.opening(options)?;
        let message = options::bytes(message, "message")?;
        Ok(promise(async move { Ok(whole::open(&keeper, engines, &host, message, &expected).await?.into()) }))
    }

    /// Starts a message that is sealed piece by piece.
    #[wasm_bindgen(unchecked_return_type = "Promise<SealStream>", js_name = sealStream)]
    pub fn seal_stream(
        &self,
        #[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue,
    ) -> Result<Promise, JsValue> {
        let (keeper, engines) = (self.keeper(), self.engines);
        let (context, host) = self.sealing(options)?;
        Ok(promise(async move { Ok(SealStream::start(&keeper, engines, host, context).await?.into()) }))
    }

    /// Opens a message that comes piece by piece.
    #[wasm_bindgen(js_name = openStream)]
    pub fn open_stream(
        &self,
        #[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue,
    ) -> Result<OpenStream, JsValue> {
        let (expected, host) = self.opening(options)?;
        Ok(OpenStream::new(self.keeper(), self.engines, host, expected))
    }

    /// Starts a message whose `size` bytes of plaintext `read(start, end)` gives when they are needed.
    #[wasm_bindgen(unchecked_return_type = "Promise<SealedFile>", js_name = sealFile)]
    pub fn seal_file(
        &self,
        #[wasm_bindgen(unchecked_param_type = "(start: number, end: number) => Promise<Uint8Array>")] read: &Function,
        size: f64,
        #[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue,
    ) -> Result<Promise, JsValue> {
        let (keeper, engines) = (self.keeper(), self.engines);
        let (context, host) = self.sealing(options)?;
        let source = Source::new(read.clone(), size);
        Ok(promise(async move { Ok(file::seal(&keeper, engines, host, source, context).await?.into()) }))
    }

    /// Opens a stored message of `size` bytes, which `read(start, end)` gives when they are needed.
    #[wasm_bindgen(unchecked_return_type = "Promise<OpenedFile>", js_name = openFile)]
    pub fn open_file(
        &self,
        #[wasm_bindgen(unchecked_param_type = "(start: number, end: number) => Promise<Uint8Array>")] read: &Function,
        size: f64,
        #[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue,
    ) -> Result<Promise, JsValue> {
        let (keeper, engines) = (self.keeper(), self.engines);
        let (expected, host) = self.opening(options)?;
        let source = Source::new(read.clone(), size);
        Ok(promise(async move { Ok(file::open(&keeper, engines, host, source, &expected).await?.into()) }))
    }
}

impl Binding {
    pub(super) fn keeper(&self) -> Rc<Keeper> {
        Rc::clone(&self.keeper)
    }

    pub(super) fn sealing(&self, options: &JsValue) -> Result<(EncryptionContext, Host), JsValue> {
        Ok(options::sealing(options, Rc::clone(&self.handles))?)
    }

    fn opening(&self, options: &JsValue) -> Result<(Expected, Host), JsValue> {
        Ok(options::opening(options, Rc::clone(&self.handles))?)
    }
}
