//! What `keyProtect()`, `localKek()` and the like describe, made into KEKs.
//!
//! *Invariant:* KEKs inside each other end at a fixed depth, and no error text repeats a value.

use alloc::boxed::Box;
use alloc::vec::Vec;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::auth::{ApiKey, Auth};
use crate::client::Authorized;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::kek::{AllOf, AnyOf, Kek, KeyProtect, LocalKek, RawAes};
use crate::keys::RootKeyRef;
use crate::operation::Handle;
use crate::secret::Secret;

use super::options::{Fields, bytes};
use super::platform_key;

/// An `anyOf` of `allOf`s of `anyOf`s is as far as a use is known; an object that contains itself ends here, too.
const DEEPEST: usize = 3;

/// A KEK, and what it names by handles.
pub(super) fn kek(value: &JsValue, handles: &mut Vec<JsValue>) -> Result<Box<dyn Kek>, Error> {
    nested(value, handles, DEEPEST)
}

fn nested(value: &JsValue, handles: &mut Vec<JsValue>, depth: usize) -> Result<Box<dyn Kek>, Error> {
    let wrong = || Error::argument("kek", "must come from keyProtect(), localKek(), rawAes(), anyOf() or allOf()");
    if !value.is_object() {
        return Err(wrong());
    }
    Ok(match Fields::any(value).string("kind")?.as_str() {
        "keyProtect" => Box::new(key_protect(value, handles)?),
        "localKek" => Box::new(local(value, handles)?),
        "rawAes" => Box::new(raw_aes(value)?),
        "anyOf" => Box::new(AnyOf::new(members("anyOf", value, handles, depth)?)?),
        "allOf" => Box::new(AllOf::new(members("allOf", value, handles, depth)?)?),
        _ => return Err(wrong()),
    })
}

fn members(kind: &str, value: &JsValue, handles: &mut Vec<JsValue>, depth: usize) -> Result<Vec<Box<dyn Kek>>, Error> {
    let depth = depth.checked_sub(1).ok_or_else(|| Error::argument(kind, "stands too deep inside of others"))?;
    let keks = Fields::new(kind, value, &["kind", "keks"])?.get("keks");
    let keks: Array = keks.dyn_into().map_err(|_| Error::argument(kind, "must get KEKs"))?;
    keks.iter().map(|kek| nested(&kek, handles, depth)).collect()
}

fn key_protect(value: &JsValue, handles: &mut Vec<JsValue>) -> Result<Authorized, Error> {
    let known = ["kind", "endpoint", "instance", "key", "aliases", "auth"];
    let kek = Fields::new("keyProtect", value, &known)?;
    let endpoint = kek.text("endpoint")?.map(|address| Endpoint::new(&address)).transpose()?;
    let (endpoint, key) = RootKeyRef::locate(endpoint, kek.text("instance")?, kek.string("key")?)?;
    let auth = auth(&kek.get("auth"), &endpoint, handles)?;
    let aliases = match kek.get("aliases") {
        value if value.is_undefined() => Vec::new(),
        value => {
            let wrong = || Error::argument("aliases", "must be a list of texts");
            let list: Array = value.dyn_into().map_err(|_| wrong())?;
            list.iter().map(|alias| alias.as_string().ok_or_else(wrong)).collect::<Result<_, _>>()?
        }
    };
    Ok(Authorized::new(KeyProtect::new(endpoint, key).also_named(aliases)?, auth))
}

fn auth(value: &JsValue, endpoint: &Endpoint, handles: &mut Vec<JsValue>) -> Result<Auth, Error> {
    let auth = Fields::new("auth", value, &["kind", "getToken", "apiKey", "identity"])?;
    match auth.string("kind")?.as_str() {
        "bearer" => match auth.get("getToken") {
            get_token if get_token.is_function() => Ok(Auth::Bearer(keep(handles, get_token))),
            _ => Err(Error::argument("getToken", "must be a function that gives a token")),
        },
        "apiKey" => {
            let identity = match auth.text("identity")? {
                Some(address) => Endpoint::new(&address)?,
                None => endpoint.identity(),
            };
            let key = Secret::new(auth.string("apiKey")?.into_bytes());
            Ok(Auth::ApiKey(ApiKey::new(key, identity)?))
        }
        _ => Err(Error::argument("auth", "must come from bearer() or apiKey()")),
    }
}

fn local(value: &JsValue, handles: &mut Vec<JsValue>) -> Result<LocalKek, Error> {
    let kek = Fields::new("localKek", value, &["kind", "name", "key"])?;
    let (name, key) = (kek.string("name")?, kek.get("key"));
    if let Some(bytes) = key.dyn_ref::<Uint8Array>() {
        return LocalKek::new(&name, &Secret::new(bytes.to_vec()));
    }
    if !platform_key::is_key_wrapping_key(&key) {
        let problem = "must be 16, 24 or 32 bytes, or a CryptoKey for AES-KW with the usages wrapKey and unwrapKey";
        return Err(Error::argument("key", problem));
    }
    LocalKek::held_by_platform(&name, keep(handles, key))
}

fn raw_aes(value: &JsValue) -> Result<RawAes, Error> {
    let kek = Fields::new("rawAes", value, &["kind", "namespace", "name", "key"])?;
    let key = Secret::new(bytes(&kek.get("key"), "key")?.to_vec());
    RawAes::new(&kek.string("namespace")?, &kek.string("name")?, &key)
}

/// Keeps a value for the driver, and names it.
fn keep(handles: &mut Vec<JsValue>, value: JsValue) -> Handle {
    handles.push(value);
    // A caller's options do not come near 2^32 values.
    Handle((handles.len() - 1) as u32)
}
