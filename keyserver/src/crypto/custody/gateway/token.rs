//! Access tokens of the upstream: got with the gateway's API key, kept, renewed before they expire.
//!
//! *Invariant:* one request for a token is under way at a time, however many wait for it; a token goes into no log.

use std::{
    fmt::Write,
    sync::{
        Mutex as Lock, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hyper::{
    Method, StatusCode, Uri,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::{
    crypto::custody::gateway::{
        http::{Answer, Ask, Http},
        retry::{Failed, retry_after},
    },
    error::upstream::Fault,
    keys::environment::Clock,
};

/// After a renewal that failed while the token is still good.
const RENEW_AGAIN: SignedDuration = SignedDuration::from_secs(10);
/// A longer life is not believed.
const MAX_LIFE_SECONDS: i64 = 24 * 3600;

/// Where tokens come from, and the one in use.
pub(super) struct Tokens {
    iam: Uri,
    api_key: Zeroizing<String>,
    current: Lock<Option<Token>>,
    /// Held by whoever asks for a token; how that failed last.
    turn: Mutex<Option<Failed>>,
    /// How often it failed.
    failures: AtomicU64,
}

/// A token as the header that shows it.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) bearer: HeaderValue,
    renew_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
struct Issued {
    access_token: Zeroizing<String>,
    expires_in: i64,
}

impl Tokens {
    /// `iam` is the address of the token endpoint.
    pub(super) fn new(iam: Uri, api_key: Zeroizing<String>) -> Self {
        Self { iam, api_key, current: Lock::new(None), turn: Mutex::new(None), failures: AtomicU64::new(0) }
    }

    /// A token that is good now. From four fifths of its life on one caller gets the next one, while the others go on with this.
    pub(super) async fn get(&self, http: &Http, clock: &dyn Clock, time_left: Duration) -> Result<Token, Failed> {
        let (began, failures) = (clock.now(), self.failures.load(Ordering::Acquire));
        let kept = self.kept();
        if let Some(token) = kept.clone().filter(|token| began < token.renew_at) {
            return Ok(token);
        }
        if let Some(token) = kept.filter(|token| began < token.expires_at) {
            return Ok(self.renew_ahead(http, clock, time_left, token).await);
        }
        let mut turn = self.turn.lock().await;
        if let Some(token) = self.kept().filter(|token| clock.now() < token.renew_at) {
            return Ok(token);
        }
        // What failed while this call waited would fail again.
        if self.failures.load(Ordering::Acquire) != failures
            && let Some(failed) = &*turn
        {
            return Err(failed.clone());
        }
        let renewed = self.renew(http, clock, time_left).await;
        if let Err(failed) = &renewed {
            *turn = Some(failed.clone());
            self.failures.fetch_add(1, Ordering::Release);
        }
        renewed
    }

    /// The next token, if nobody is getting it yet and it can be had; else the one that is still good.
    async fn renew_ahead(&self, http: &Http, clock: &dyn Clock, time_left: Duration, good: Token) -> Token {
        let Ok(_turn) = self.turn.try_lock() else { return good };
        match self.renew(http, clock, time_left).await {
            Ok(next) => next,
            Err(Failed { detail, .. }) => {
                tracing::warn!(
                    detail,
                    "the token for the upstream key service was not renewed, and is good for a while"
                );
                self.postpone(clock.now());
                good
            }
        }
    }

    /// A token that the upstream refused; the next call gets another one, unless somebody has already.
    pub(super) fn discard(&self, refused: &Token) {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|token| token.bearer == refused.bearer) {
            *current = None;
        }
    }

    fn kept(&self) -> Option<Token> {
        self.lock().clone()
    }

    fn postpone(&self, now: Timestamp) {
        if let Some(token) = &mut *self.lock() {
            token.renew_at = now.checked_add(RENEW_AGAIN).unwrap_or(Timestamp::MAX).min(token.expires_at);
        }
    }

    async fn renew(&self, http: &Http, clock: &dyn Clock, time_left: Duration) -> Result<Token, Failed> {
        let mut form = Zeroizing::new(String::with_capacity(128 + 3 * self.api_key.len()));
        let key = utf8_percent_encode(&self.api_key, NON_ALPHANUMERIC);
        write!(
            form,
            "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&response_type=cloud_iam&apikey={key}"
        )
        .expect("a text takes everything");
        let ask = Ask {
            method: Method::POST,
            uri: self.iam.clone(),
            headers: vec![
                (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
                (ACCEPT, HeaderValue::from_static("application/json")),
            ],
            body: Zeroizing::new(form.as_bytes().to_vec()),
        };
        let answer = http.send(ask, time_left).await.map_err(|none| Failed { unsent: true, ..none.into() })?;
        let token = self.read(&answer, clock.now())?;
        *self.lock() = Some(token.clone());
        Ok(token)
    }

    fn read(&self, answer: &Answer, now: Timestamp) -> Result<Token, Failed> {
        let failed = |fault| Failed {
            fault,
            unsent: true,
            detail: format!("the token endpoint answered {}", answer.status.as_u16()),
        };
        match answer.status {
            StatusCode::OK => (),
            StatusCode::TOO_MANY_REQUESTS => {
                let retry_after = retry_after(&answer.headers, now).unwrap_or(1);
                return Err(failed(Fault::Throttled { retry_after }));
            }
            status if status.is_server_error() => {
                return Err(failed(Fault::Failing { retry_after: retry_after(&answer.headers, now) }));
            }
            _ => return Err(failed(Fault::CredentialRefused)),
        }
        let Issued { access_token, expires_in } =
            serde_json::from_slice(&answer.body).map_err(|_| failed(Fault::Malformed))?;
        let life = expires_in.min(MAX_LIFE_SECONDS);
        if life < 1 || access_token.is_empty() {
            return Err(failed(Fault::Malformed));
        }
        let text = Zeroizing::new([b"Bearer ", access_token.as_bytes()].concat());
        let mut bearer =
            HeaderValue::from_maybe_shared(Bytes::from_owner(text)).map_err(|_| failed(Fault::Malformed))?;
        bearer.set_sensitive(true);
        let after = |seconds| now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        Ok(Token { bearer, renew_at: after(life * 4 / 5), expires_at: after(life) })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Token>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
