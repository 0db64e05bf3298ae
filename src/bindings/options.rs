//! JavaScript options to [`Config`], in one pass.
//!
//! *Invariant:* an unknown option is an error, and no error text repeats a value.

use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Array, Function, JsString, Object, Reflect, Symbol, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::cache::CacheLimits;
use crate::client::{Config, EngineChoice, Runtime};
use crate::context::EncryptionContext;
use crate::error::Error;
use crate::message::{Accept, FrameLength, Header, Limits};
use crate::time::Duration;

use super::driver::{AbortSignal, Handles, Host};
use super::error::set;
use super::kek;

/// Longest frame that a caller can allow, bytes.
const LONGEST_FRAME: u32 = 1 << 30;

/// Largest whole number that JavaScript tells from the next, 2^53-1.
const LARGEST_WHOLE: u64 = (1 << 53) - 1;

/// A client's configuration, its engine, and what its KEK names by handles.
pub(super) struct Chosen {
    pub(super) config: Config,
    pub(super) engine: EngineChoice,
    pub(super) handles: Handles,
    pub(super) on_rewrapped: Option<Function>,
}

/// The options of a client.
pub(super) fn config(options: &JsValue) -> Result<Chosen, Error> {
    let known = ["kek", "engine", "frameLength", "maxEdks", "maxFrameLength", "accept", "cache", "onRewrapped"];
    let options = Fields::new("options", options, &known)?;
    let mut handles = Vec::new();
    let mut config = Config::boxed(kek::kek(&options.get("kek"), &mut handles)?);
    if let Some(length) = options.number("frameLength")? {
        config = config.frame_length(FrameLength::new(length)?);
    }
    let mut limits = Limits::default();
    if let Some(edks) = options.number("maxEdks")? {
        limits.max_edks = u16::try_from(edks).map_err(|_| Error::argument("maxEdks", "must be at most 65535"))?;
    }
    if let Some(length) = options.number("maxFrameLength")? {
        // A frame is held in this module's memory, which ends at 4 GiB.
        limits.max_frame_length = Some(length)
            .filter(|length| *length <= LONGEST_FRAME)
            .ok_or_else(|| Error::argument("maxFrameLength", "must be at most 1073741824 (1 GiB)"))?;
    }
    limits.accept = accept(&options.get("accept"))?;
    match options.get("cache") {
        value if value.is_undefined() => {}
        value => config = config.cache(cache(&value)?),
    }
    let engine = match options.get("engine") {
        value if value.is_undefined() || value == "auto" => EngineChoice::Auto,
        value if value == "wasm" => EngineChoice::Soft,
        value if value == "webcrypto" => EngineChoice::Platform,
        _ => return Err(Error::argument("engine", "must be \"auto\", \"wasm\" or \"webcrypto\"")),
    };
    let on_rewrapped = options.function("onRewrapped")?;
    Ok(Chosen { config: config.limits(limits), engine, handles: handles.into(), on_rewrapped })
}

/// Limits of the cache; what is not given is as it is by default.
fn cache(value: &JsValue) -> Result<CacheLimits, Error> {
    let given = Fields::new("cache", value, &["maxAge", "maxMessages", "maxBytes", "maxEntries"])?;
    let mut limits = CacheLimits::default();
    if let Some(millis) = given.number("maxAge")? {
        limits.max_age = Duration::from_millis(millis.into());
    }
    if let Some(messages) = given.number("maxMessages")? {
        limits.max_messages = messages.into();
    }
    if let Some(bytes) = given.whole("maxBytes", LARGEST_WHOLE)? {
        limits.max_bytes = bytes;
    }
    if let Some(entries) = given.number("maxEntries")? {
        limits.max_entries = entries as usize;
    }
    Ok(limits)
}

/// What is read for old data.
fn accept(accept: &JsValue) -> Result<Accept, Error> {
    if accept.is_undefined() {
        return Ok(Accept::NOTHING);
    }
    let accept = Fields::new("accept", accept, &["signed", "version1", "nonFramed"])?;
    let non_framed = accept.number("nonFramed")?;
    if non_framed.is_some_and(|length| length > LONGEST_FRAME) {
        return Err(Error::argument("nonFramed", "must be at most 1073741824 (1 GiB)"));
    }
    Ok(Accept { signed: accept.flag("signed")?, version_1: accept.flag("version1")?, non_framed })
}

/// The kind of runtime by the word that its entry has for it.
pub(super) fn runtime(word: &str) -> Runtime {
    match word {
        "node" => Runtime::Node,
        "deno" => Runtime::Deno,
        "bun" => Runtime::Bun,
        "workerd" | "edge" => Runtime::Edge,
        _ => Runtime::Browser,
    }
}

/// What a caller knows of the context of a message that is opened.
pub(super) struct Expected {
    /// Pairs that the message must have.
    pub(super) pairs: EncryptionContext,
    /// Pairs that it was sealed with and does not store.
    pub(super) unstored: EncryptionContext,
}

impl Expected {
    /// Adds to a header what the message does not store.
    pub(super) fn complete(&self, header: Header) -> Result<Header, Error> {
        header.with_unstored(&self.unstored)
    }
}

/// The options of a call that seals: context, and what the host may do meanwhile.
pub(super) fn sealing(options: &JsValue, handles: Handles) -> Result<(EncryptionContext, Host), Error> {
    let options = Fields::new("options", options, &["context", "signal", "onProgress"])?;
    Ok((options.context("context")?, host(&options, handles)?))
}

/// The options of a call that opens.
pub(super) fn opening(options: &JsValue, handles: Handles) -> Result<(Expected, Host), Error> {
    let options = Fields::new("options", options, &["context", "unstoredContext", "signal", "onProgress"])?;
    let expected = Expected { pairs: options.context("context")?, unstored: options.context("unstoredContext")? };
    Ok((expected, host(&options, handles)?))
}

fn host(options: &Fields<'_>, handles: Handles) -> Result<Host, Error> {
    let signal = options.signal()?;
    let on_progress = options.function("onProgress")?;
    Ok(Host::new(handles, signal, on_progress))
}

/// The options of a call that has no data: it can only be aborted.
pub(super) fn call_without_data(options: &JsValue, handles: Handles) -> Result<Host, Error> {
    let options = Fields::new("options", options, &["signal"])?;
    Ok(Host::new(handles, options.signal()?, None))
}

/// A context as a plain object. Defined, not assigned, so that a pair named `__proto__` is a pair.
pub(super) fn pairs(context: &EncryptionContext) -> Object {
    let object = Object::new();
    for (key, value) in context.pairs() {
        let property = Object::new();
        set(&property, "value", value.into());
        set(&property, "enumerable", JsValue::TRUE);
        // Fails on frozen objects only, and this one is new.
        _ = Reflect::define_property(&object, &key.into(), &property);
    }
    object
}

/// The properties of a plain object of text.
fn text_pairs(argument: &str, value: &JsValue) -> Result<Vec<(String, String)>, Error> {
    let no_pairs = || Error::argument(argument, "must be an object whose values are strings");
    let object = value.dyn_ref::<Object>().ok_or_else(no_pairs)?;
    // What a Map or a list holds is not in its properties: taken for an object, it would be an empty one.
    if !Reflect::get(object, &Symbol::iterator()).unwrap_or_default().is_undefined() {
        return Err(no_pairs());
    }
    let mut pairs = Vec::new();
    for entry in Object::entries(object).iter() {
        let entry: Array = entry.unchecked_into();
        let key = well_formed(&entry.get(0))?.ok_or_else(no_pairs)?;
        let value = well_formed(&entry.get(1))?.ok_or_else(no_pairs)?;
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// Text in UTF-8, if it is text. Half a surrogate pair is refused: all of those would become one and the same character.
fn well_formed(value: &JsValue) -> Result<Option<String>, Error> {
    match value.dyn_ref::<JsString>() {
        Some(text) if !text.is_valid_utf16() => {
            Err(Error::argument("context", "holds text with half a surrogate pair, which has no UTF-8"))
        }
        text => Ok(text.map(String::from)),
    }
}

/// An argument that the façade has made a byte array of, if it could.
pub(super) fn bytes(value: &JsValue, argument: &str) -> Result<Uint8Array, Error> {
    value.clone().dyn_into().map_err(|_| {
        Error::argument(
            argument,
            "must be bytes (an ArrayBuffer or a view of one), a Blob, or, to seal, well-formed text",
        )
    })
}

/// The properties of a plain object, all of known names.
pub(super) struct Fields<'a> {
    object: &'a JsValue,
}

impl<'a> Fields<'a> {
    pub(super) fn new(argument: &str, object: &'a JsValue, known: &[&str]) -> Result<Self, Error> {
        let Some(properties) = object.dyn_ref::<Object>() else {
            return Err(Error::argument(argument, "must be an object"));
        };
        for name in Object::keys(properties) {
            let name = name.as_string().unwrap_or_default();
            if !known.contains(&name.as_str()) {
                let problem = format!("has no option \"{name}\"; known are {}", known.join(", "));
                return Err(Error::argument(argument, &problem));
            }
        }
        Ok(Self { object })
    }

    /// The properties of an object whose kind, and so whose names, are still to be found out.
    pub(super) fn any(object: &'a JsValue) -> Self {
        Self { object }
    }

    /// The property, `undefined` where it is missing.
    pub(super) fn get(&self, name: &str) -> JsValue {
        Reflect::get(self.object, &name.into()).unwrap_or_default()
    }

    pub(super) fn string(&self, name: &str) -> Result<String, Error> {
        self.get(name).as_string().ok_or_else(|| Error::argument(name, "must be given, as a string"))
    }

    fn context(&self, name: &str) -> Result<EncryptionContext, Error> {
        let value = self.get(name);
        if value.is_undefined() {
            return Ok(EncryptionContext::default());
        }
        EncryptionContext::new(text_pairs(name, &value)?)
    }

    fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.get(name) {
            value if value.is_undefined() => Ok(false),
            value => value.as_bool().ok_or_else(|| Error::argument(name, "must be true or false")),
        }
    }

    /// A string that may be missing.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.get(name) {
            value if value.is_undefined() => Ok(None),
            _ => self.string(name).map(Some),
        }
    }

    fn signal(&self) -> Result<Option<AbortSignal>, Error> {
        match self.get("signal") {
            value if value.is_undefined() => Ok(None),
            value if value.is_object() => Ok(Some(value.unchecked_into())),
            _ => Err(Error::argument("signal", "must be an AbortSignal")),
        }
    }

    fn function(&self, name: &str) -> Result<Option<Function>, Error> {
        match self.get(name) {
            value if value.is_undefined() => Ok(None),
            value => value.dyn_into().map(Some).map_err(|_| Error::argument(name, "must be a function")),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, Error> {
        // Not over the largest of its kind.
        Ok(self.whole(name, u32::MAX.into())?.map(|number| number as u32))
    }

    fn whole(&self, name: &str, most: u64) -> Result<Option<u64>, Error> {
        let value = self.get(name);
        if value.is_undefined() {
            return Ok(None);
        }
        match value.as_f64() {
            // In this range only whole numbers survive the way there and back.
            Some(number) if (1.0..=most as f64).contains(&number) && number as u64 as f64 == number => {
                Ok(Some(number as u64))
            }
            _ => Err(Error::argument(name, &format!("must be a whole number from 1 to {most}"))),
        }
    }
}
