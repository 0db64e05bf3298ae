//! A data key in the caller's hands: one crossing for each message, no promise.
//!
//! *Invariant:* what crosses is plaintext and message, never the key.

use alloc::vec::Vec;

use js_sys::{Object, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::client::HeldKey;
use crate::error::Error;

use super::client::Binding;
use super::driver::Platform;
use super::error::{Failure, promise};
use super::options;

/// A data key at hand.
#[wasm_bindgen]
pub struct DataKeyBinding {
    /// Gone when it is disposed of.
    key: Option<HeldKey>,
    context: Object,
}

#[wasm_bindgen]
impl DataKeyBinding {
    /// The encryption context of its messages.
    #[wasm_bindgen(getter, unchecked_return_type = "Record<string, string>")]
    pub fn context(&self) -> Object {
        self.context.clone()
    }

    /// Seals `data` into a message of its own.
    pub fn seal(&self, data: &[u8]) -> Result<Vec<u8>, JsValue> {
        Ok(self.key()?.seal(data, &mut Platform)?)
    }

    /// Opens a message of this data key.
    pub fn open(&self, message: &[u8]) -> Result<Vec<u8>, JsValue> {
        Ok(self.key()?.open(message)?)
    }

    /// The error for something that is not bytes.
    pub fn refusal(&self, value: &JsValue, argument: &str) -> JsValue {
        match options::bytes(value, argument) {
            Ok(_) => JsValue::UNDEFINED,
            Err(error) => error.into(),
        }
    }

    /// Wipes the key.
    pub fn dispose(&mut self) {
        self.key = None;
    }
}

impl DataKeyBinding {
    fn key(&self) -> Result<&HeldKey, Failure> {
        self.key.as_ref().ok_or_else(|| Error::Disposed.into())
    }
}

#[wasm_bindgen]
impl Binding {
    /// Makes a data key and has it wrapped: one key call, and none after it.
    #[wasm_bindgen(unchecked_return_type = "Promise<DataKeyBinding>", js_name = dataKey)]
    pub fn data_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue,
    ) -> Result<Promise, JsValue> {
        let keeper = self.keeper();
        let (context, host) = self.sealing(options)?;
        Ok(promise(async move {
            let pairs = options::pairs(&context);
            let key = keeper.data_key(&host, context).await?;
            Ok(DataKeyBinding { key: Some(key), context: pairs }.into())
        }))
    }

    /// What the cache did so far.
    #[wasm_bindgen(unchecked_return_type = "object")]
    pub fn stats(&self) -> Object {
        self.keeper().stats()
    }

    /// Wipes all keys; later calls fail.
    pub fn dispose(&self) {
        self.keeper().dispose();
    }
}
