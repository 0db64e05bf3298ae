//! Signatures of messages, verified by the platform's ECDSA.
//!
//! *Invariant:* a message counts as verified by the platform's yes alone: a refusal, whatever its reason, ends the call.

use core::ops::Range;

use js_sys::{Array, Object, Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use crate::error::Error;
use crate::message::{Curve, Header, SignatureCheck};

use super::error::{Failure, set};
use super::webcrypto::{Subtle, subtle};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(method, catch, js_name = importKey)]
    fn import_point(
        this: &Subtle,
        format: &str,
        point: &[u8],
        algorithm: &Object,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn verify(
        this: &Subtle,
        algorithm: &Object,
        key: &JsValue,
        signature: &[u8],
        data: &Uint8Array,
    ) -> Result<Promise, JsValue>;
}

/// The generator of P-256, compressed: shows whether a platform takes points in that form, which it need not.
const ANY_POINT: [u8; 33] = [
    0x03, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03,
    0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
];

/// Verifies the signature of `message`, if its suite has one. Gives the header back, and what of the message is left
/// without the footer.
pub(super) async fn verify(header: Header, message: Uint8Array) -> Result<(Header, Uint8Array), Failure> {
    if header.suite().signature().is_none() {
        return Ok((header, message));
    }
    // The message is an array, whose length is a u32.
    let read = |range: Range<u64>| message.subarray(range.start as u32, range.end as u32).to_vec();
    let check = SignatureCheck::new(header, message.length().into(), read)?;
    let signed = message.subarray(0, check.signed_length() as u32);
    let subtle = subtle().ok_or(Error::SignatureUnsupported)?;
    let key = match import(&subtle, check.curve(), check.public_key()).await {
        Ok(key) => key,
        // Is it this point, or every compressed one?
        Err(thrown) => {
            return Err(match import(&subtle, Curve::P256, &ANY_POINT).await {
                Ok(_) => Error::Malformed("a public key that is no point of its curve").into(),
                Err(_) => Failure::ours(&Error::SignatureUnsupported, Some(thrown)),
            });
        }
    };
    let algorithm = algorithm(check.curve());
    let verified = async { JsFuture::from(subtle.verify(&algorithm, &key, check.signature(), &signed)?).await };
    let valid = verified.await.map_err(|thrown| Failure::ours(&Error::SignatureUnsupported, Some(thrown)))?;
    Ok((check.conclude(valid.is_truthy())?, signed))
}

async fn import(subtle: &Subtle, curve: Curve, point: &[u8]) -> Result<JsValue, JsValue> {
    let usages = Array::of1(&"verify".into());
    JsFuture::from(subtle.import_point("raw", point, &algorithm(curve), false, &usages)?).await
}

/// For importing keys and for verifying, in one: either use ignores what is the other's.
fn algorithm(curve: Curve) -> Object {
    let (curve, hash) = match curve {
        Curve::P256 => ("P-256", "SHA-256"),
        Curve::P384 => ("P-384", "SHA-384"),
    };
    let algorithm = Object::new();
    set(&algorithm, "name", "ECDSA".into());
    set(&algorithm, "namedCurve", curve.into());
    set(&algorithm, "hash", hash.into());
    algorithm
}
