//! The platform's AES: `crypto.subtle`, with message keys that cannot be exported again.
//!
//! *Invariant:* plaintext does not enter this module's memory; nonce and additional data come from a [`FrameJob`].

use js_sys::{Array, ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::error::Error;
use crate::message::{FrameJob, MessageKey};

use super::error::{Failure, set};

#[wasm_bindgen]
extern "C" {
    /// `crypto.subtle`, or what does its work elsewhere.
    #[derive(Clone)]
    pub(super) type Subtle;
    // A byte slice crosses as a view of this module's memory, which the platform reads before it returns.
    #[wasm_bindgen(method, catch, js_name = importKey)]
    fn import_key(
        this: &Subtle,
        format: &str,
        key: &[u8],
        algorithm: &str,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn encrypt(this: &Subtle, algorithm: &Object, key: &JsValue, data: &Uint8Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn decrypt(this: &Subtle, algorithm: &Object, key: &JsValue, data: &Uint8Array) -> Result<Promise, JsValue>;
}

const AES_GCM: &str = "AES-GCM";

/// `crypto.subtle`; `None` in insecure contexts.
pub(super) fn subtle() -> Option<Subtle> {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).ok()?;
    let subtle = Reflect::get(&crypto, &"subtle".into()).ok()?;
    subtle.is_object().then(|| subtle.unchecked_into())
}

/// One message's key in the platform's hands.
#[derive(Clone)]
pub(super) struct WebCrypto {
    subtle: Subtle,
    key: JsValue,
}

impl WebCrypto {
    /// Hands the message key over; `usage` is `encrypt` or `decrypt`.
    pub(super) async fn import(subtle: Subtle, key: &MessageKey, usage: &str) -> Result<Self, Failure> {
        let usages = Array::of1(&usage.into());
        // The platform takes the bytes from where they lie; no copy is made on the way.
        let imported = subtle.import_key("raw", key.secret().expose(), AES_GCM, false, &usages);
        let key = async { JsFuture::from(imported?).await }.await.map_err(refused)?;
        Ok(Self { subtle, key })
    }

    /// Starts sealing; the promise is of an `ArrayBuffer` with ciphertext and tag.
    pub(super) fn seal(&self, job: &FrameJob, plaintext: &Uint8Array) -> Result<JsFuture, JsValue> {
        self.subtle.encrypt(&parameters(job), &self.key, plaintext).map(JsFuture::from)
    }

    /// Starts opening; the promise is of an `ArrayBuffer` with plaintext.
    pub(super) fn open(&self, job: &FrameJob, sealed: &Uint8Array) -> Result<JsFuture, JsValue> {
        self.subtle.decrypt(&parameters(job), &self.key, sealed).map(JsFuture::from)
    }
}

/// The platform's word for a tag that does not verify; anything else is not about the message.
pub(super) fn is_not_authentic(thrown: &JsValue) -> bool {
    Reflect::get(thrown, &"name".into()).is_ok_and(|name| name == "OperationError")
}

/// The platform could not do what it can: out of memory, or an engine that breaks its contract.
pub(super) fn refused(thrown: JsValue) -> Failure {
    Failure::ours(&Error::Platform, Some(thrown))
}

/// What a promise of the platform gives.
pub(super) fn bytes(buffer: &JsValue) -> Uint8Array {
    Uint8Array::new(buffer.unchecked_ref::<ArrayBuffer>())
}

fn parameters(job: &FrameJob) -> Object {
    let parameters = Object::new();
    set(&parameters, "name", AES_GCM.into());
    set(&parameters, "iv", Uint8Array::from(job.iv().as_slice()).into());
    set(&parameters, "additionalData", Uint8Array::from(job.aad()).into());
    parameters
}
