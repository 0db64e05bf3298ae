//! The span of a request: what its log lines have in common, and what a collector of traces is told of it.
//!
//! *Invariant:* has the route and not the path, and nothing else that a request carries but its place in the caller's trace.

use http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

/// Target of the spans that are for a collector; all others are for the log.
pub const TRACE_TARGET: &str = "envelock::trace";

/// Of one request.
pub(crate) struct RequestSpans {
    /// For the log.
    pub(crate) log: Span,
    /// For a collector; disabled when there is none.
    pub(crate) trace: Span,
}

impl RequestSpans {
    /// Begins both; the second one where the caller's `traceparent` says, if there is one.
    pub(crate) fn begin(method: &str, route: Option<&str>, headers: &HeaderMap, correlation: Uuid) -> Self {
        let log = tracing::info_span!("request", %correlation);
        let trace = tracing::info_span!(
            target: TRACE_TARGET,
            "request",
            otel.name = Empty,
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = method,
            http.route = route,
            http.response.status_code = Empty,
            envelock.correlation_id = %correlation,
        );
        if !trace.is_disabled() {
            trace.record("otel.name", format!("{method} {}", route.unwrap_or_default()).trim_end());
            if headers.contains_key("traceparent") {
                let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
                // Refused only once the span has begun to be used, and it is new.
                trace.set_parent(parent).ok();
            }
        }
        Self { log, trace }
    }

    /// Says how it ended.
    pub(crate) fn end(&self, status: u16) {
        // An unsigned number would arrive as text.
        self.trace.record("http.response.status_code", i64::from(status));
        if status >= 500 {
            self.trace.record("otel.status_code", "ERROR");
        }
    }
}
