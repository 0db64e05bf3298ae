//! API key to access token, as IBM Cloud IAM has it: `POST /identity/token`.
//!
//! *Invariant:* the API key goes to the identity endpoint and nowhere else.

use std::fmt::Write;
use std::rc::Rc;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::endpoint::Endpoint;
use crate::error::{Error, ServiceFault};
use crate::operation::{Call, HttpRequest, LONGEST_REPLY, Operation, Request, Response, Step, Unreachable};
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

    /// Asks for a token.
    pub(crate) fn fetch(&self) -> (FetchToken, Request) {
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
            ],
            bearer: None,
            body: Rc::new(Secret::new(form.into_bytes())),
        });
        (FetchToken, Request::new(call))
    }
}

/// A token on its way.
#[derive(Debug)]
pub(crate) struct FetchToken;

impl Operation for FetchToken {
    type Output = AccessToken;

    fn resume(self, reply: Result<Response, Unreachable>, now: Timestamp) -> Result<Step<Self>, Error> {
        let response = match reply {
            Ok(Response::Http(response)) => response,
            Ok(Response::Token(_)) => return Err(Error::Internal("a token where an HTTP answer had to come")),
            Err(Unreachable) => return Err(Error::service(ServiceFault::Unreachable, None, None, None)),
        };
        let fail = |fault| Err(Error::service(fault, Some(response.status), None, response.correlation_id.as_deref()));
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
        let Ok(mut body) = serde_json::from_slice::<Value>(response.body.expose()) else {
            return fail(ServiceFault::BadReply);
        };
        let lifetime = body.get("expires_in").and_then(Value::as_u64);
        match (body.get_mut("access_token").map(Value::take), lifetime) {
            (Some(Value::String(token)), Some(seconds)) if !token.is_empty() => {
                let lifetime = Duration::from_secs(seconds.min(24 * 60 * 60));
                Ok(Step::Done(AccessToken::new(Secret::new(token.into_bytes()), lifetime, now)))
            }
            _ => fail(ServiceFault::BadReply),
        }
    }
}
