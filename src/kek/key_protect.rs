//! Root keys of a Key Protect service: the v2 actions `wrap` and `unwrap`.
//!
//! *Invariant:* requests go only to the configured endpoint, and the service sees a digest of the context, not the
//! context.
//!
//! Entry `envelock-key-protect-v1`: provider info is `<instance>/<key>` in ASCII as configured, the ciphertext is the
//! text that `wrap` answered, unchanged. The one item of additional authenticated data is the lower-case hexadecimal
//! SHA-256 of the serialized context.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::context::EncryptionContext;
use crate::crypto::kdf::{sha256_hex, sha256_of};
use crate::endpoint::Endpoint;
use crate::entropy::Entropy;
use crate::error::{Error, ServiceFault};
use crate::json::Json;
use crate::keys::{DataKey, Edk, RootKeyRef, Unwrapped};
use crate::operation::{
    Call, HttpRequest, HttpResponse, LONGEST_REPLY, Pending, Request, Response, Step, Unreachable, correlation_id,
};
use crate::secret::Secret;
use crate::time::{Duration, Timestamp};

use super::{Kek, Unwrapping, Wrapping};

const PROVIDER_ID: &str = "envelock-key-protect-v1";

/// A root key behind a Key Protect API.
pub struct KeyProtect {
    endpoint: Endpoint,
    key: RootKeyRef,
    /// Other names of the same key in messages.
    also: Vec<RootKeyRef>,
}

impl KeyProtect {
    /// The root key `key` at `endpoint`.
    pub fn new(endpoint: Endpoint, key: RootKeyRef) -> Self {
        Self { endpoint, key, also: Vec::new() }
    }

    /// Also opens messages that name the key otherwise: an entry names its key as it was configured when the message
    /// was sealed, and an id and an alias are different names. The key is asked for by its first name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a name cannot be an id or alias.
    pub fn also_named(mut self, names: Vec<String>) -> Result<Self, Error> {
        self.also = names.into_iter().map(|name| self.key.sibling(name)).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// An action's request, with its correlation id. `field` is `plaintext` or `ciphertext`; `value` and the digest
    /// are texts that need no escaping.
    fn request(
        &self,
        action: &str,
        field: &str,
        value: &str,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
    ) -> Result<(Box<Request>, String), Error> {
        let digest = sha256_hex(&context.serialize()?);
        // Joined at once, into memory that does not move: the value may be the data key.
        let body = ["{\"", field, "\":\"", value, "\",\"aad\":[\"", &digest, "\"]}"].concat();
        let correlation_id = correlation_id(entropy)?;
        let url = format!("{}/api/v2/keys/{}/actions/{action}", self.endpoint.as_str(), self.key.key());
        let headers = vec![
            ("accept", "application/json".to_owned()),
            ("bluemix-instance", self.key.instance().to_owned()),
            ("content-type", format!("application/vnd.ibm.kms.key_action_{action}+json")),
            ("correlation-id", correlation_id.clone()),
        ];
        let body = Rc::new(Secret::new(body.into_bytes()));
        Ok((Request::new(Call::Http(HttpRequest { url, headers, bearer: None, body })), correlation_id))
    }
}

impl Kek for KeyProtect {
    /// One call. Errors: [`Error::Service`].
    fn wrap(
        &self,
        key: &DataKey,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        _now: Timestamp,
    ) -> Result<Wrapping, Error> {
        // The data key goes to the key service as base64: that is what wrapping means.
        let plaintext = Zeroizing::new(Base64::encode_string(key.secret().expose()));
        let (request, correlation_id) = self.request("wrap", "plaintext", &plaintext, context, entropy)?;
        let provider_info = self.key.to_string().into_bytes();
        let resume = move |reply, _| {
            let body = success(reply, &correlation_id)?;
            // The answer may hold the data key and is parsed where it lies.
            let ciphertext = Json::parse(body.expose()).and_then(|json| wrapped_key(json.get("ciphertext")?));
            let ciphertext = ciphertext.ok_or_else(|| bad_reply(&correlation_id))?;
            Ok(Step::Done(vec![Edk { provider_id: PROVIDER_ID.to_owned(), provider_info, ciphertext }]))
        };
        Ok(Step::Send(Pending::new(resume), request))
    }

    /// One call. Errors: [`Error::UnwrapFailed`] if the entry is no text of a wrapped key; [`Error::Service`].
    fn unwrap(
        &self,
        edk: &Edk,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        _now: Timestamp,
    ) -> Result<Option<Unwrapping>, Error> {
        let names = |key: &RootKeyRef| key.to_string().as_bytes() == edk.provider_info;
        if edk.provider_id != PROVIDER_ID || !(names(&self.key) || self.also.iter().any(names)) {
            return Ok(None);
        }
        let ciphertext = str::from_utf8(&edk.ciphertext).ok().filter(|text| is_wrapped_key(text));
        let ciphertext = ciphertext.ok_or(Error::UnwrapFailed)?;
        let (request, correlation_id) = self.request("unwrap", "ciphertext", ciphertext, context, entropy)?;
        let provider_info = edk.provider_info.clone();
        let resume = move |reply, _| {
            let body = success(reply, &correlation_id)?;
            // The answer holds the data key and is parsed where it lies.
            let unwrapped = Json::parse(body.expose()).and_then(|json| unwrapped(json, provider_info));
            Ok(Step::Done(unwrapped.ok_or_else(|| bad_reply(&correlation_id))?))
        };
        Ok(Some(Step::Send(Pending::new(resume), request)))
    }

    fn identity(&self) -> [u8; 32] {
        sha256_of(&[PROVIDER_ID.as_bytes(), self.endpoint.as_str().as_bytes(), self.key.to_string().as_bytes()])
    }
}

/// What the answer to `unwrap` says. After a rotation it holds the data key wrapped anew, together with
/// `rewrappedKeyVersion`. `lease`, seconds, is an addition of the Envelock key server.
fn unwrapped(json: Json<'_>, provider_info: Vec<u8>) -> Option<Unwrapped> {
    let key = Secret::new(Base64::decode_vec(&json.get("plaintext")?.text()?).ok()?);
    let key = DataKey::from_unwrapped(key)?;
    let rewrapped = match (json.get("ciphertext"), json.get("rewrappedKeyVersion")) {
        (Some(ciphertext), Some(_)) => {
            let ciphertext = wrapped_key(ciphertext)?;
            Some(Edk { provider_id: PROVIDER_ID.to_owned(), provider_info, ciphertext })
        }
        _ => None,
    };
    let lease = match json.get("lease") {
        Some(seconds) => Some(Duration::from_secs(seconds.number()?)),
        None => None,
    };
    let version = json.get("keyVersion").and_then(|version| version.get("id")?.text());
    let version = version.filter(|id| is_name(id)).map(|id| id.to_string());
    Some(Unwrapped { key, rewrapped, lease, version })
}

/// The text of a wrapped key in an answer.
fn wrapped_key(json: Json<'_>) -> Option<Vec<u8>> {
    json.text().filter(|text| is_wrapped_key(text)).map(|text| text.as_bytes().to_vec())
}

/// Wrapped keys are base64 today; what they must be is text that stands in JSON as it is.
fn is_wrapped_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// The body of a successful answer.
fn success(reply: Result<Response, Unreachable>, correlation_id: &str) -> Result<Secret, Error> {
    let response = match reply {
        Ok(Response::Http(response)) => response,
        Ok(_) => return Err(Error::Internal("an HTTP answer had to come")),
        Err(Unreachable) => return Err(Error::service(ServiceFault::Unreachable, None, None, Some(correlation_id))),
    };
    match response.status {
        200 if response.body.len() <= LONGEST_REPLY => Ok(response.body),
        200 => Err(bad_reply(correlation_id)),
        _ => Err(refusal(&response, correlation_id)),
    }
}

/// Status and reason code of a refusal, in words of this library.
fn refusal(response: &HttpResponse, correlation_id: &str) -> Error {
    let reason = match response.body.len() {
        // An error body holds no secret; the type is the same for all bodies.
        0..=LONGEST_REPLY => Json::parse(response.body.expose()).and_then(reason_code),
        _ => None,
    };
    let fault = match (response.status, reason.as_deref()) {
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
    Error::service(fault, Some(response.status), reason.as_deref(), Some(request_id))
}

/// The first reason of the first resource.
fn reason_code(body: Json<'_>) -> Option<String> {
    let code = body.get("resources")?.first()?.get("reasons")?.first()?.get("code")?.text()?;
    is_code(&code).then(|| code.to_string())
}

/// Reason codes are upper-case words; anything else stays out of error texts.
fn is_code(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Ids of key versions are UUIDs; anything that is no plain name is left out.
fn is_name(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn bad_reply(correlation_id: &str) -> Error {
    Error::service(ServiceFault::BadReply, None, None, Some(correlation_id))
}
