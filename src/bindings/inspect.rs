//! What the front of a message says, without any key.
//!
//! *Invariant:* everything here is unproven, and named so in the façade's types.

use alloc::borrow::ToOwned;
use alloc::string::String;

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::codec::hex;
use crate::keys::Edk;
use crate::message::{FrameLength, Header, Limits};

use super::error::set;
use super::options::{bytes, pairs};
use super::whole::read_header;

/// Reads a message's header. Lengths of plaintext and frames are missing when the message cannot be complete.
#[wasm_bindgen(unchecked_return_type = "object")]
pub fn inspect(#[wasm_bindgen(unchecked_param_type = "unknown")] message: &JsValue) -> Result<JsValue, JsValue> {
    let message = bytes(message, "message")?;
    let header = read_header(&message, &Limits::NONE)?;
    Ok(inspection(&header, &message).into())
}

fn inspection(header: &Header, message: &Uint8Array) -> Object {
    let message_length = message.length();
    let signed = header.suite().signature().is_some();
    let end = match signed {
        // Ranges of the message, whose length is a u32.
        true => header.end_of_body(message_length.into(), |range| {
            message.subarray(range.start as u32, range.end as u32).to_vec()
        }),
        false => Ok(message_length.into()),
    };
    let layout = end.ok().and_then(|end| header.layout(end.saturating_sub(header.length() as u64)));
    let inspected = Object::new();
    set(&inspected, "version", header.suite().version().into());
    set(&inspected, "suite", format!("0x{}", hex(&header.suite().id().to_be_bytes())).into());
    set(&inspected, "committing", header.suite().commits().into());
    set(&inspected, "signed", signed.into());
    set(&inspected, "messageId", hex(header.message_id()).into());
    set(&inspected, "context", pairs(header.context()).into());
    set(&inspected, "edks", header.edks().iter().map(inspected_edk).collect::<Array>().into());
    set(&inspected, "frameLength", header.frame_length().map_or(0, FrameLength::get).into());
    set(&inspected, "headerLength", number(header.length() as u64));
    set(&inspected, "messageLength", message_length.into());
    if let Some(layout) = layout {
        set(&inspected, "plaintextLength", number(layout.plaintext_length));
        set(&inspected, "frames", layout.frames.into());
    }
    inspected
}

fn inspected_edk(edk: &Edk) -> Object {
    let inspected = Object::new();
    set(&inspected, "providerId", edk.provider_id.as_str().into());
    set(&inspected, "providerInfo", text_or_hex(&edk.provider_info).into());
    set(&inspected, "ciphertextLength", number(edk.ciphertext.len() as u64));
    inspected
}

/// A length as a number of JavaScript; none comes near 2^53.
fn number(length: u64) -> JsValue {
    (length as f64).into()
}

fn text_or_hex(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => format!("0x{}", hex(bytes)),
    }
}
