//! API key to access token, as IBM Cloud IAM has it: `POST /identity/token`.
//!
//! *Invariant:* the API key goes to the identity endpoint and nowhere else.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::fmt::Write;

use zeroize::Zeroizing;

use crate::crypto::kdf::sha256_of;
use crate::endpoint::Endpoint;
use crate::error::{Error, ServiceFault};
use crate::json::Json;
use crate::operation::{Call, HttpRequest, LONGEST_REPLY, Request, Response, Unreachable};
use crate::secret::Secret;
use crate::time::{Duration, Timestamp};

use super::AccessToken;

/// An API key and where it becomes a token.
#[derive(Debug)]
pub struct ApiKey {
    key: Secret,
    identity: Endpoint,
}

impl ApiKey {
    /// An API key for the identity service at `identity`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the key is empty or not ASCII.
    pub fn new(key: Secret, identity: Endpoint) -> Result<Self, Error> {
        // Looked at only to refuse what cannot be an API key.
        if key.is_empty() || !key.expose().iter().all(u8::is_ascii_graphic) {
            return Err(Error::argument("apiKey", "must be the text of an API key, without blanks"));
        }
        Ok(Self { key, identity })
    }

    /// Names this key and its identity service, by a digest.
    pub(super) fn identity(&self) -> [u8; 32] {
        // A digest of a random key of full strength leads nowhere; it is kept in memory only.
        sha256_of(&[b"api-key", self.identity.as_str().as_bytes(), self.key.expose()])
    }

    /// Asks for a token. `correlation_id` comes back in the error, if it comes to one.
    pub(crate) fn fetch(&self, correlation_id: String) -> (FetchToken, Box<Request>) {
        // The key is part of the form by the protocol.
        let mut key = Zeroizing::new(String::with_capacity(3 * self.key.len()));
        for byte in self.key.expose() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => key.push(char::from(*byte)),
                // Writing to a String does not fail.
                _ => _ = write!(key, "%{byte:02X}"),
            }
        }
        let form = format!("grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey={}", *key);
        let call = Call::Http(HttpRequest {
            url: format!("{}/identity/token", self.identity.as_str()),
            headers: vec![
                ("accept", "application/json".to_owned()),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
                ("correlation-id", correlation_id.clone()),
            ],
            bearer: None,
            body: Rc::new(Secret::new(form.into_bytes())),
        });
        (FetchToken { correlation_id }, Request::new(call))
    }
}

/// A token on its way.
#[derive(Debug)]
pub(crate) struct FetchToken {
    correlation_id: String,
}

impl FetchToken {
    /// The token in the answer, which came at `now`.
    pub(crate) fn finish(self, reply: Result<Response, Unreachable>, now: Timestamp) -> Result<AccessToken, Error> {
        let response = match reply {
            Ok(Response::Http(response)) => response,
            Ok(_) => return Err(Error::Internal("a token where an HTTP answer had to come")),
            Err(Unreachable) => {
                return Err(Error::service(ServiceFault::Unreachable, None, None, Some(&self.correlation_id)));
            }
        };
        let request_id = response.correlation_id.as_ref().unwrap_or(&self.correlation_id);
        let fail = |fault| Err(Error::service(fault, Some(response.status), None, Some(request_id)));
        match response.status {
            200 => {}
            400 | 401 | 403 => return fail(ServiceFault::ApiKeyRefused),
            429 => return fail(ServiceFault::RateLimited),
            500.. => return fail(ServiceFault::Failed),
            _ => return fail(ServiceFault::Refused),
        }
        if response.body.len() > LONGEST_REPLY {
            return fail(ServiceFault::BadReply);
        }
        // The body holds the token and is parsed where it lies.
        let token = Json::parse(response.body.expose()).and_then(|json| token(json, now));
        token.map_or_else(|| fail(ServiceFault::BadReply), Ok)
    }
}

/// The token and its lifetime, which is believed for a day at most.
fn token(json: Json<'_>, now: Timestamp) -> Option<AccessToken> {
    let lifetime = Duration::from_secs(json.get("expires_in")?.number()?.min(24 * 60 * 60));
    let token = json.get("access_token")?.text()?;
    let usable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    usable.then(|| AccessToken::new(Secret::new(token.as_bytes().to_vec()), lifetime, now))
}
