//! AES key wrap by the platform, under a `CryptoKey` that may be one that cannot be exported.
//!
//! *Invariant:* the key that wraps never leaves the platform.

use js_sys::{Array, ArrayBuffer, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::operation::Response;
use crate::secret::Secret;

use super::webcrypto::{Subtle, subtle};

#[wasm_bindgen]
extern "C" {
    /// What of `crypto.subtle` is about keys.
    type Keys;
    #[wasm_bindgen(method, catch, js_name = importKey)]
    fn import(
        this: &Keys,
        format: &str,
        key: &[u8],
        algorithm: &str,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = exportKey)]
    fn export(this: &Keys, format: &str, key: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = wrapKey)]
    fn wrap(this: &Keys, format: &str, key: &JsValue, kek: &JsValue, algorithm: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = unwrapKey)]
    fn unwrap(
        this: &Keys,
        format: &str,
        wrapped: &[u8],
        kek: &JsValue,
        algorithm: &str,
        key_algorithm: &str,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;
}

const RAW: &str = "raw";
const AES_KW: &str = "AES-KW";
/// What the data key is called while the platform has it; it is used for nothing there.
const DATA_KEY: &str = "AES-GCM";

/// Whether this is a `CryptoKey` that can wrap and unwrap by AES-KW.
pub(super) fn is_key_wrapping_key(value: &JsValue) -> bool {
    let get = |value: &JsValue, name: &str| Reflect::get(value, &name.into()).unwrap_or_default();
    let usages: Array = match value.is_object().then(|| get(value, "usages").dyn_into()) {
        Some(Ok(usages)) => usages,
        _ => return false,
    };
    get(&get(value, "algorithm"), "name") == AES_KW
        && ["wrapKey", "unwrapKey"].iter().all(|usage| usages.includes(&(*usage).into(), 0))
}

/// Wraps `key` under `kek`.
pub(super) async fn wrap_key(kek: &JsValue, key: &Secret) -> Result<Response, JsValue> {
    let keys = keys()?;
    // The platform takes the bytes from where they lie; no copy is made on the way.
    let key = JsFuture::from(keys.import(RAW, key.expose(), DATA_KEY, true, &usages())?).await?;
    let wrapped = JsFuture::from(keys.wrap(RAW, &key, kek, AES_KW)?).await?;
    Ok(taken(&wrapped))
}

/// Unwraps `wrapped` under `kek`.
pub(super) async fn unwrap_key(kek: &JsValue, wrapped: &[u8]) -> Result<Response, JsValue> {
    let keys = keys()?;
    let key = JsFuture::from(keys.unwrap(RAW, wrapped, kek, AES_KW, DATA_KEY, true, &usages())?).await?;
    let key = JsFuture::from(keys.export(RAW, &key)?).await?;
    Ok(taken(&key))
}

fn keys() -> Result<Keys, JsValue> {
    subtle().map(Subtle::unchecked_into).ok_or(JsValue::UNDEFINED)
}

/// A key must have a usage; this one is not used.
fn usages() -> Array {
    Array::of1(&"encrypt".into())
}

/// The bytes, of which JavaScript keeps no copy.
fn taken(buffer: &JsValue) -> Response {
    let bytes = Uint8Array::new(buffer.unchecked_ref::<ArrayBuffer>());
    let taken = Secret::new(bytes.to_vec());
    bytes.fill(0, 0, bytes.length());
    Response::Bytes(taken)
}
