//! Failures as JavaScript values, and the promises that they reject.
//!
//! *Invariant:* code, fault and text come from [`Error`](crate::error::Error); what the host or the caller threw
//! passes unchanged.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::pin::Pin;

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

use crate::error::{Error, Fault};

/// Why a call ended, as JavaScript is to see it: made once, where it happens, so that it is small on its way out.
pub(super) struct Failure(JsValue);

impl Failure {
    /// A failure of this crate, and what the host threw to cause it: a plain object that the façade makes an
    /// `EnvelockError` of; `envelock: true` tells it from anything else.
    pub(super) fn ours(error: &Error, cause: Option<JsValue>) -> Self {
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
        Self(object.into())
    }

    /// The reason of the caller's abort signal, or what the caller's callback threw.
    pub(super) fn theirs(thrown: JsValue) -> Self {
        Self(thrown)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::ours(&error, None)
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        Failure::from(error).into()
    }
}

/// The promise of what comes of a future. All exported calls share this one, whatever their futures.
pub(super) fn promise(future: impl Future<Output = Result<JsValue, Failure>> + 'static) -> Promise {
    let future: Pin<Box<dyn Future<Output = Result<JsValue, Failure>>>> = Box::pin(future);
    future_to_promise(async { Ok(future.await?) })
}

/// Sets a property of a plain object, which cannot fail.
pub(super) fn set(object: &Object, name: &str, value: JsValue) {
    _ = Reflect::set(object, &name.into(), &value);
}
