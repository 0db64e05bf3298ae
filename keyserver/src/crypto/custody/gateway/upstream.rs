//! Calls to the upstream: with a token, within a time, again where that is lawful, and never more at once than it can hurt.
//!
//! *Invariant:* every call ends within [`PATIENCE`] and is logged once with its correlation id; its caller gets an answer of the
//! 200s or an error.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hyper::{
    HeaderMap, Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue},
};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::{
    crypto::custody::gateway::{
        breaker::Breaker,
        http::{Answer, Ask, Http},
        refusal,
        retry::{Failed, Repeat, retry_after},
        settings::{Settings, below},
        token::Tokens,
    },
    error::{
        Error,
        upstream::{Fault, UpstreamError},
    },
    keys::environment::{Clock, Entropy},
};

/// For one exchange.
const TIMEOUT: Duration = Duration::from_secs(4);
/// For a call with all its tries.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Calls under way at the same time. More would only wait in line at the upstream, and each holds a task here.
const AT_ONCE: usize = 128;
/// How long a call waits for its turn.
const TURN: Duration = Duration::from_secs(1);
const MAX_CORRELATION_CHARS: usize = 64;

/// The upstream.
pub(super) struct Upstream {
    http: Http,
    settings: Settings,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    turns: Semaphore,
    breaker: Breaker,
}

/// What is asked of it.
pub(super) struct Request {
    pub(super) method: Method,
    /// Below `/api/v2`.
    pub(super) path: String,
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
    pub(super) repeat: Repeat,
}

/// What it answered.
pub(super) struct Reply {
    pub(super) body: Zeroizing<Vec<u8>>,
    /// Id of the call.
    pub(super) correlation: String,
}

impl Upstream {
    /// Asks nothing yet.
    pub(super) fn new(settings: Settings, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> std::io::Result<Self> {
        let tokens = Tokens::new(below(&settings.iam, "/identity/token"), settings.api_key.clone());
        let (http, turns) = (Http::new(TIMEOUT)?, Semaphore::new(AT_ONCE));
        Ok(Self { http, settings, tokens, clock, entropy, turns, breaker: Breaker::new() })
    }

    /// Makes the call.
    pub(super) async fn call(&self, request: Request) -> Result<Reply, Error> {
        let began = Instant::now();
        let mut correlation = self.entropy.uuid().to_string();
        let outcome = match tokio::time::timeout(TURN, self.turns.acquire()).await {
            Ok(_turn) => self.tries(&request, began, &mut correlation).await,
            Err(_) => {
                Err(Problem::Fault(fault(Fault::Busy { retry_after: 1 }, "as many calls are under way as may be")))
            }
        };
        let (method, path) = (&request.method, request.path.as_str());
        let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(body) => {
                tracing::info!(correlation, %method, path, milliseconds, "upstream");
                Ok(Reply { body, correlation })
            }
            Err(Problem::Fault(Failed { fault, detail, .. })) => {
                tracing::warn!(correlation, %method, path, milliseconds, detail, "upstream");
                Err(Error::Upstream(UpstreamError { fault, correlation: Some(correlation), detail }))
            }
            Err(Problem::Refusal(error)) => {
                tracing::info!(correlation, %method, path, milliseconds, detail = error.detail(), "upstream");
                Err(error)
            }
        }
    }

    async fn tries(
        &self,
        request: &Request,
        began: Instant,
        correlation: &mut String,
    ) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let mut renewed = false;
        let mut tries = 0;
        loop {
            if let Err(retry_after) = self.breaker.pass(self.clock.now()) {
                return Err(Problem::Fault(fault(Fault::Paused { retry_after }, "not asked, as it failed repeatedly")));
            }
            let time_left = PATIENCE.saturating_sub(began.elapsed());
            let attempt = self.attempt(request, time_left, &mut renewed, correlation).await;
            tries += 1;
            let outage = matches!(&attempt, Err(Problem::Fault(failed)) if failed.is_outage());
            if outage {
                self.breaker.fails(self.clock.now())
            } else {
                self.breaker.works()
            }
            let failed = match attempt {
                Err(Problem::Fault(failed)) => failed,
                done => return done,
            };
            let time_left = PATIENCE.saturating_sub(began.elapsed());
            match failed.next_try(request.repeat, tries, time_left, &*self.entropy) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(Problem::Fault(failed)),
            }
        }
    }

    /// One try; with another token, too, if the first one is refused, as tokens can be withdrawn before they expire.
    async fn attempt(
        &self,
        request: &Request,
        time_left: Duration,
        renewed: &mut bool,
        correlation: &mut String,
    ) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let began = Instant::now();
        loop {
            let left = time_left.saturating_sub(began.elapsed());
            let token = tokio::time::timeout(left, self.tokens.get(&self.http, &*self.clock, left)).await;
            let waited = || Problem::Fault(fault(Fault::TimedOut, "no token in time"));
            let token = token.map_err(|_| waited())?.map_err(Problem::Fault)?;
            let ask = self.ask(request, token.bearer.clone(), correlation);
            let answer = self.http.send(ask, time_left.saturating_sub(began.elapsed())).await;
            let answer = answer.map_err(|none| Problem::Fault(none.into()))?;
            if let Some(theirs) = named(&answer.headers) {
                *correlation = theirs;
            }
            if answer.status != StatusCode::UNAUTHORIZED || *renewed {
                return self.judge(request, answer);
            }
            *renewed = true;
            self.tokens.discard(&token);
        }
    }

    fn ask(&self, request: &Request, bearer: HeaderValue, correlation: &str) -> Ask {
        let own = |text: &str| HeaderValue::from_str(text).expect("a UUID");
        let json = || HeaderValue::from_static("application/json");
        let mut headers = vec![
            (AUTHORIZATION, bearer),
            (ACCEPT, json()),
            (HeaderName::from_static("bluemix-instance"), own(&self.settings.instance.to_string())),
            (HeaderName::from_static("correlation-id"), own(correlation)),
            (HeaderName::from_static("prefer"), HeaderValue::from_static("return=representation")),
        ];
        if request.body.is_some() {
            headers.push((CONTENT_TYPE, json()));
        }
        let uri = below(&self.settings.service, &format!("/api/v2{}", request.path));
        Ask { method: request.method.clone(), uri, headers, body: request.body.clone().unwrap_or_default() }
    }

    fn judge(
        &self,
        request: &Request,
        Answer { status, headers, body }: Answer,
    ) -> Result<Zeroizing<Vec<u8>>, Problem> {
        if status.is_success() {
            return Ok(body);
        }
        let told = refusal::read(&body);
        let detail = format!("{} {} answered {} {}", request.method, request.path, status.as_u16(), told.code());
        let now = self.clock.now();
        let fault = match status {
            StatusCode::TOO_MANY_REQUESTS => Fault::Throttled { retry_after: retry_after(&headers, now).unwrap_or(1) },
            status if status.is_server_error() => Fault::Failing { retry_after: retry_after(&headers, now) },
            status => match refusal::meaning(status, &told) {
                Ok(fault) => fault,
                Err(error) => return Err(Problem::Refusal(error)),
            },
        };
        // What is refused was not done; a server that failed may have done it before.
        Err(Problem::Fault(Failed { fault, unsent: !status.is_server_error(), detail }))
    }
}

/// Why there is no good answer.
enum Problem {
    /// The upstream is to blame, or its operator.
    Fault(Failed),
    /// The caller is, and is told as by this server itself.
    Refusal(Error),
}

fn fault(fault: Fault, detail: &str) -> Failed {
    Failed { fault, unsent: true, detail: detail.to_owned() }
}

/// The id that the upstream gave the call, if it is one that can be logged.
fn named(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("correlation-id")?.to_str().ok()?;
    let legal = (1..=MAX_CORRELATION_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    legal.then(|| text.to_owned())
}
