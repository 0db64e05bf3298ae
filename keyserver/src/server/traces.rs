//! Traces to a collector, by OTLP over HTTP.
//!
//! *Invariant:* a collector that is slow or gone costs spans and nothing else: requests never wait for it.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response,
    client::conn::http1,
    header::{HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider},
};
use tokio::{net::TcpStream, runtime::Handle, time::timeout};

/// For one delivery.
const TIMEOUT: Duration = Duration::from_secs(5);
/// For what is still to be delivered when the server ends.
const LAST_DELIVERY: Duration = Duration::from_secs(3);
/// A collector's answer is short.
const MAX_ANSWER_BYTES: usize = 64 << 10;
const SERVICE: &str = "envelock-keyserver";

/// Spans on their way to a collector.
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// To the collector at this address. Needs the runtime; nothing is sent yet. An error if the address is of no use.
    pub fn to(endpoint: &str) -> Result<Self, String> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Courier(Handle::current()))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(TIMEOUT)
            .build()
            .map_err(|error| error.to_string())?;
        let resource = Resource::builder_empty().with_service_name(SERVICE).build();
        let provider = SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
        Ok(Self { provider })
    }

    /// What makes spans.
    pub fn tracer(&self) -> SdkTracer {
        self.provider.tracer(SERVICE)
    }

    /// Delivers what is left; says whether that worked. Blocks for seconds at most.
    pub fn finish(&self) -> bool {
        self.provider.shutdown_with_timeout(LAST_DELIVERY).is_ok()
    }
}

/// Carries spans over a connection of its own for each delivery: one every few seconds.
#[derive(Debug)]
struct Courier(Handle);

#[async_trait]
impl HttpClient for Courier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The exporter's thread is none of the runtime's, and only there is a clock for the time limit.
        self.0.spawn(async move { timeout(TIMEOUT, deliver(request)).await }).await??
    }
}

async fn deliver(request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (mut parts, body) = request.into_parts();
    let authority = parts.uri.authority().ok_or("the collector's address has no host")?.clone();
    let stream = TcpStream::connect((authority.host(), authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    parts.headers.insert(HOST, HeaderValue::from_str(authority.as_str())?);
    parts.uri = parts.uri.path_and_query().ok_or("the collector's address has no path")?.as_str().parse()?;
    let answer = sender.send_request(Request::from_parts(parts, Full::new(body))).await?;
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await?.to_bytes();
    Ok(Response::from_parts(parts, body))
}
