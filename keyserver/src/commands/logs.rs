//! Where logs and traces go.
//!
//! *Invariant:* logs go to stderr; a line that belongs to a request carries its correlation id.

use envelock_keyserver::{
    config::Output,
    server::{TRACE_TARGET, Traces},
};
use tracing::{Level, Metadata};
use tracing_subscriber::{Layer, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts both; once in a process.
pub(crate) fn start(output: Output, traces: Option<&Traces>) {
    let for_collectors = |metadata: &Metadata<'_>| metadata.target() == TRACE_TARGET;
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines = match output {
        Output::Text => lines.boxed(),
        Output::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let lines =
        lines.with_filter(filter_fn(move |metadata| *metadata.level() <= Level::INFO && !for_collectors(metadata)));
    let spans = traces.map(|traces| {
        let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer());
        let layer = layer.with_location(false).with_threads(false).with_target(false).with_tracked_inactivity(false);
        layer.with_filter(filter_fn(for_collectors))
    });
    tracing_subscriber::registry().with(lines).with(spans).init();
}
