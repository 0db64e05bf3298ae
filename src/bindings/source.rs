//! Bytes that the façade reads when they are needed: of a file, a Blob or a URL.
//!
//! *Invariant:* what was asked for comes in full, or the call fails.

use core::ops::Range;

use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::error::Error;

use super::error::Failure;

/// A reader of the façade's.
pub(super) struct Source {
    read: Function,
    /// In bytes.
    pub(super) size: u64,
}

impl Source {
    /// From `read(start, end)`, which promises these bytes, and the size of all.
    pub(super) fn new(read: Function, size: f64) -> Self {
        // Sizes of files are far below 2^53.
        Self { read, size: size as u64 }
    }

    /// Reads a range; `short` is the failure if less comes.
    pub(super) async fn read(&self, range: Range<u64>, short: Error) -> Result<Uint8Array, Failure> {
        if range.is_empty() {
            return Ok(Uint8Array::default());
        }
        let wanted = range.end - range.start;
        let answer = self.read.call2(&JsValue::UNDEFINED, &(range.start as f64).into(), &(range.end as f64).into());
        let bytes = JsFuture::from(Promise::resolve(&answer.map_err(Failure::theirs)?)).await;
        let bytes: Uint8Array = bytes
            .map_err(Failure::theirs)?
            .dyn_into()
            .map_err(|_| Error::argument("read", "must give a Uint8Array"))?;
        if u64::from(bytes.length()) == wanted { Ok(bytes) } else { Err(short.into()) }
    }
}
