//! What the front of a message says, without any key.
//!
//! *Invariant:* everything here is unproven, and named so in the façade's types.

use js_sys::{Object, Uint8Array};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::codec::hex;
use crate::error::Error;
use crate::message::{FrameLength, Header, Limits};

use super::error::{Failure, set};
use super::options::{bytes, pairs};
use super::whole::read_header;

/// A header's fields, for people.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspection {
    version: u8,
    suite: String,
    committing: bool,
    signed: bool,
    message_id: String,
    edks: Vec<InspectedEdk>,
    frame_length: u32,
    header_length: usize,
    message_length: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InspectedEdk {
    provider_id: String,
    provider_info: String,
    ciphertext_length: usize,
}

/// Reads a message's header. Lengths of plaintext and frames are missing when the message cannot be complete.
#[wasm_bindgen(unchecked_return_type = "object")]
pub fn inspect(#[wasm_bindgen(unchecked_param_type = "unknown")] message: &JsValue) -> Result<JsValue, JsValue> {
    let message = bytes(message, "message")?;
    let header = read_header(&message, &Limits::NONE)?;
    let inspected = inspection(&header, &message).serialize(&Serializer::json_compatible());
    let inspected: Object = inspected.map_err(|_| Failure::from(Error::Internal("inspection")))?.unchecked_into();
    set(&inspected, "context", pairs(header.context()).into());
    Ok(inspected.into())
}

fn inspection(header: &Header, message: &Uint8Array) -> Inspection {
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
    let edks = header.edks().iter().map(|edk| InspectedEdk {
        provider_id: edk.provider_id.clone(),
        provider_info: text_or_hex(&edk.provider_info),
        ciphertext_length: edk.ciphertext.len(),
    });
    Inspection {
        version: header.suite().version(),
        suite: format!("0x{:04x}", header.suite().id()),
        committing: header.suite().commits(),
        signed,
        message_id: hex(header.message_id()),
        edks: edks.collect(),
        frame_length: header.frame_length().map_or(0, FrameLength::get),
        header_length: header.length(),
        message_length,
        plaintext_length: layout.map(|layout| layout.plaintext_length),
        frames: layout.map(|layout| layout.frames),
    }
}

fn text_or_hex(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => format!("0x{}", hex(bytes)),
    }
}
