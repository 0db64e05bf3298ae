//! One exchange with the upstream: a request out, an answer of bounded size back.
//!
//! *Invariant:* bodies are wiped when dropped, all but what is in the buffers of the connection, and neither they nor headers are ever
//! part of an error or a log.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Method, Request, StatusCode, Uri,
    header::{HeaderName, HeaderValue},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use zeroize::Zeroizing;

use crate::error::upstream::Fault;

/// A legal answer to anything that is asked has a few kilobytes; a list of versions may be longer.
const MAX_ANSWER_BYTES: usize = 1 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Shorter than what load balancers usually allow, so that connections are closed from this side.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// What is asked.
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// What is answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer.
pub(super) struct NoAnswer {
    pub(super) fault: Fault,
    /// Whether the request certainly did not leave this machine.
    pub(super) unsent: bool,
    pub(super) detail: String,
}

impl NoAnswer {
    fn after_sending(fault: Fault, detail: String) -> Self {
        Self { fault, unsent: false, detail }
    }
}

/// The connections.
pub(super) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl Http {
    /// Trusts the certification authorities that the machine trusts; `timeout` is for one exchange.
    pub(super) fn new(timeout: Duration) -> std::io::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new().with_native_roots()?;
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(connector);
        Ok(Self { client, timeout })
    }

    /// Follows no redirect: a token goes to nobody but whom it is for.
    pub(super) async fn send(&self, ask: Ask, time_left: Duration) -> Result<Answer, NoAnswer> {
        let limit = self.timeout.min(time_left);
        let timed_out =
            || NoAnswer::after_sending(Fault::TimedOut, format!("no answer within {} ms", limit.as_millis()));
        tokio::time::timeout(limit, self.exchange(ask)).await.unwrap_or_else(|_| Err(timed_out()))
    }

    async fn exchange(&self, ask: Ask) -> Result<Answer, NoAnswer> {
        let Ask { method, uri, headers, body } = ask;
        let mut request = Request::new(Full::new(Bytes::from_owner(body)));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().extend(headers);
        let response = self.client.request(request).await.map_err(|error| NoAnswer {
            fault: Fault::Unreachable,
            unsent: error.is_connect(),
            detail: causes(&error),
        })?;
        let (parts, body) = response.into_parts();
        let collected = Limited::new(body, MAX_ANSWER_BYTES).collect().await.map_err(|error| {
            if error.downcast_ref::<LengthLimitError>().is_some() {
                let detail = format!("an answer of more than {MAX_ANSWER_BYTES} bytes");
                NoAnswer::after_sending(Fault::TooLarge, detail)
            } else {
                NoAnswer::after_sending(Fault::Unreachable, causes(&*error))
            }
        })?;
        let body = Zeroizing::new(collected.to_bytes().into());
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

/// An error with what it came from; of connections and HTTP framing, so that nothing of a body is in it.
fn causes(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
