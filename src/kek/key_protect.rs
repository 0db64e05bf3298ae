//! Root keys of a Key Protect service: the v2 actions `wrap` and `unwrap`.
//!
//! *Invariant:* requests go only to the configured endpoint, and the service sees a digest of the context, not the
//! context.
//!
//! Entry `envelock-key-protect-v1`: provider info is `<instance>/<key>` in ASCII as configured, the ciphertext is the
//! text that `wrap` answered, unchanged. The one item of additional authenticated data is the lower-case hexadecimal
//! SHA-256 of the serialized context.

use std::rc::Rc;

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use zeroize::{Zeroize, Zeroizing};

use crate::codec::hex;
use crate::context::EncryptionContext;
use crate::crypto::kdf::sha256_hex;
use crate::endpoint::Endpoint;
use crate::entropy::{Entropy, random};
use crate::error::{Error, ServiceFault};
use crate::keys::{DataKey, Edk, RootKeyRef};
use crate::operation::{
    Call, HttpRequest, HttpResponse, LONGEST_REPLY, Operation, Pending, Request, Response, Step, Unreachable,
};
use crate::secret::Secret;
use crate::time::Timestamp;

use super::Kek;

const PROVIDER_ID: &str = "envelock-key-protect-v1";

/// A root key behind a Key Protect API.
pub struct KeyProtect {
    endpoint: Endpoint,
    key: RootKeyRef,
}

impl KeyProtect {
    /// The root key `key` at `endpoint`.
    pub fn new(endpoint: Endpoint, key: RootKeyRef) -> Self {
        Self { endpoint, key }
    }

    fn request(&self, action: &str, body: &Value, entropy: &mut dyn Entropy) -> Result<(Request, String), Error> {
        let correlation_id = uuid_v4(random(entropy)?);
        let url = format!("{}/api/v2/keys/{}/actions/{action}", self.endpoint.as_str(), self.key.key());
        let headers = vec![
            ("accept", "application/json".to_owned()),
            ("bluemix-instance", self.key.instance().to_owned()),
            ("content-type", format!("application/vnd.ibm.kms.key_action_{action}+json")),
            ("correlation-id", correlation_id.clone()),
        ];
        let body = Secret::new(serde_json::to_vec(body).map_err(|_| Error::Internal("request body"))?);
        let call = Call::Http(HttpRequest { url, headers, bearer: None, body: Rc::new(body) });
        Ok((Request::new(call), correlation_id))
    }
}

impl Kek for KeyProtect {
    /// One call. Errors: [`Error::Service`].
    fn wrap(
        &self,
        key: &DataKey,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
    ) -> Result<Step<Pending<Edk>>, Error> {
        let mut body = wrap_body(key, &digest(context)?);
        let (request, correlation_id) = self.request("wrap", &body, entropy)?;
        wipe(&mut body);
        Ok(Step::Send(Wrap { provider_info: self.key.to_string().into_bytes(), correlation_id }, request).erase())
    }

    /// One call. Errors: [`Error::Service`].
    fn unwrap(
        &self,
        edk: &Edk,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<Step<Pending<DataKey>>>, Error> {
        if edk.provider_id != PROVIDER_ID || edk.provider_info != self.key.to_string().as_bytes() {
            return Ok(None);
        }
        let ciphertext = str::from_utf8(&edk.ciphertext).map_err(|_| Error::UnwrapFailed)?;
        let body = json!({ "ciphertext": ciphertext, "aad": [digest(context)?] });
        let (request, correlation_id) = self.request("unwrap", &body, entropy)?;
        Ok(Some(Step::Send(Unwrap { correlation_id }, request).erase()))
    }
}

fn digest(context: &EncryptionContext) -> Result<String, Error> {
    Ok(sha256_hex(&context.serialize()?))
}

fn wrap_body(key: &DataKey, aad: &str) -> Value {
    // The data key goes to the key service as base64: that is what wrapping means.
    json!({ "plaintext": Base64::encode_string(key.secret().expose()), "aad": [aad] })
}

/// Wipes the texts of a JSON value that held a secret.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

struct Wrap {
    provider_info: Vec<u8>,
    correlation_id: String,
}

impl Operation for Wrap {
    type Output = Edk;

    fn resume(self, reply: Result<Response, Unreachable>, _now: Timestamp) -> Result<Step<Self>, Error> {
        let mut reply = success(reply, &self.correlation_id)?;
        let ciphertext = match reply.get_mut("ciphertext").map(Value::take) {
            Some(Value::String(text)) if !text.is_empty() && text.is_ascii() => text.into_bytes(),
            _ => return Err(bad_reply(&self.correlation_id)),
        };
        wipe(&mut reply);
        Ok(Step::Done(Edk { provider_id: PROVIDER_ID.to_owned(), provider_info: self.provider_info, ciphertext }))
    }
}

struct Unwrap {
    correlation_id: String,
}

impl Operation for Unwrap {
    type Output = DataKey;

    fn resume(self, reply: Result<Response, Unreachable>, _now: Timestamp) -> Result<Step<Self>, Error> {
        let mut reply = success(reply, &self.correlation_id)?;
        let plaintext = match reply.get_mut("plaintext").map(Value::take) {
            Some(Value::String(text)) => Zeroizing::new(text),
            _ => return Err(bad_reply(&self.correlation_id)),
        };
        let key = Base64::decode_vec(&plaintext).map_err(|_| bad_reply(&self.correlation_id))?;
        let key = DataKey::from_unwrapped(Secret::new(key)).ok_or_else(|| bad_reply(&self.correlation_id))?;
        Ok(Step::Done(key))
    }
}

/// The JSON object of a successful answer.
fn success(reply: Result<Response, Unreachable>, correlation_id: &str) -> Result<Value, Error> {
    let response = match reply {
        Ok(Response::Http(response)) => response,
        Ok(Response::Token(_)) => return Err(Error::Internal("a token where an HTTP answer had to come")),
        Err(Unreachable) => return Err(Error::service(ServiceFault::Unreachable, None, None, Some(correlation_id))),
    };
    if response.status != 200 {
        return Err(refusal(&response, correlation_id));
    }
    if response.body.len() > LONGEST_REPLY {
        return Err(bad_reply(correlation_id));
    }
    // The body holds the data key in base64 and is parsed where it lies.
    serde_json::from_slice(response.body.expose())
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| bad_reply(correlation_id))
}

/// Status and reason code of a refusal, in words of this library.
fn refusal(response: &HttpResponse, correlation_id: &str) -> Error {
    // An error body holds no secret; the type is the same for all bodies.
    let body: Value = match response.body.len() {
        0..=LONGEST_REPLY => serde_json::from_slice(response.body.expose()).unwrap_or_default(),
        _ => Value::Null,
    };
    let reason = body.pointer("/resources/0/reasons/0/code").and_then(Value::as_str).filter(|code| is_code(code));
    let fault = match (response.status, reason) {
        (_, Some("KEY_ROOT_REQ_ERR")) => ServiceFault::NotARootKey,
        (_, Some("KEY_ACTION_INVALID_STATE_ERR")) => ServiceFault::KeyDisabled,
        (_, Some("KEY_DELETED_ERR")) => ServiceFault::KeyDeleted,
        (_, Some("KEY_NOT_FOUND_ERR")) => ServiceFault::KeyNotFound,
        (_, Some("UNPROCESSABLE_CIPHERTEXT_ERR")) => ServiceFault::WrappedKeyRefused,
        (401 | 403, _) => ServiceFault::AccessDenied,
        (404, _) => ServiceFault::KeyNotFound,
        (409, _) => ServiceFault::KeyDisabled,
        (410, _) => ServiceFault::KeyDeleted,
        (422, _) => ServiceFault::WrappedKeyRefused,
        (429, _) => ServiceFault::RateLimited,
        (500.., _) => ServiceFault::Failed,
        (200..=299, _) => ServiceFault::BadReply,
        _ => ServiceFault::Refused,
    };
    let request_id = response.correlation_id.as_deref().unwrap_or(correlation_id);
    Error::service(fault, Some(response.status), reason, Some(request_id))
}

/// Reason codes are upper-case words; anything else stays out of error texts.
fn is_code(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn bad_reply(correlation_id: &str) -> Error {
    Error::service(ServiceFault::BadReply, None, None, Some(correlation_id))
}

/// A version 4 UUID (RFC 9562 section 5.4) from 16 random bytes.
fn uuid_v4(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
