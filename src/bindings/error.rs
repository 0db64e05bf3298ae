//! Failures as JavaScript values.
//!
//! *Invariant:* code, fault and text come from [`Error`](crate::error::Error); what the host or the caller threw
//! passes unchanged.

use alloc::string::ToString;

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::error::{Error, Fault};

/// Why a call ended.
pub(super) enum Failure {
    /// A failure of this crate, and what the host threw to cause it.
    Ours(Error, Option<JsValue>),
    /// The reason of the caller's abort signal, or what the caller's callback threw.
    Theirs(JsValue),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ours(error, None)
    }
}

impl From<Failure> for JsValue {
    /// A plain object that the façade makes an `EnvelockError` of; `envelock: true` tells it from anything else.
    fn from(failure: Failure) -> Self {
        let (error, cause) = match failure {
            Failure::Ours(error, cause) => (error, cause),
            Failure::Theirs(value) => return value,
        };
        let fault = match error.fault() {
            Fault::Data => "data",
            Fault::Caller => "caller",
            Fault::Service => "service",
            Fault::Bug => "bug",
        };
        let object = Object::new();
        set(&object, "envelock", JsValue::TRUE);
        set(&object, "code", error.code().into());
        set(&object, "fault", fault.into());
        set(&object, "retryable", error.retryable().into());
        set(&object, "message", error.to_string().into());
        set(&object, "requestId", error.request_id().map_or(JsValue::UNDEFINED, Into::into));
        set(&object, "cause", cause.unwrap_or(JsValue::UNDEFINED));
        object.into()
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        Failure::from(error).into()
    }
}

/// Sets a property of a plain object, which cannot fail.
pub(super) fn set(object: &Object, name: &str, value: JsValue) {
    _ = Reflect::set(object, &name.into(), &value);
}
