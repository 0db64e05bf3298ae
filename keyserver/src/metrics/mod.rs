//! What the server counts about itself, for Prometheus.
//!
//! *Invariant:* labels have few values: routes as the route table has them, methods, statuses, words of this file; never an id,
//! a name or an address.

mod process;

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use process::Process;

/// Seconds; from a cached wrap to an upload.
const BUCKETS: [f64; 12] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];
/// Methods that are told apart; what else a client makes up is one of the others.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// Uses of keys, by the last part of their routes.
const USES: [&str; 3] = ["wrap", "unwrap", "rewrap"];
const OTHER: &str = "other";

/// All counters of a server.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    uses: Family<UseLabels, Counter>,
    limited: Family<LimitLabels, Counter>,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// Requests under way.
    pub(crate) under_way: Gauge,
    events: Histogram,
    events_failed: Counter,
    /// Runs of the chores.
    pub(crate) chores: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UseLabels {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
}

impl Metrics {
    /// Nothing was counted yet.
    pub(crate) fn new() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let mut made = Self {
            registry: Registry::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(histogram),
            uses: Family::default(),
            limited: Family::default(),
            connections: Gauge::default(),
            under_way: Gauge::default(),
            events: histogram(),
            events_failed: Counter::default(),
            chores: Counter::default(),
        };
        made.registry.register_collector(Box::new(Process));
        let registry = made.registry.sub_registry_with_prefix("envelock");
        registry.register("requests", "Answered requests", made.requests.clone());
        let help = "Time from a request's head to its answer's";
        registry.register_with_unit("request_duration", help, Unit::Seconds, made.durations.clone());
        registry.register("key_uses", "Data keys wrapped, unwrapped and rewrapped", made.uses.clone());
        registry.register("rate_limited", "Requests refused because there were too many", made.limited.clone());
        registry.register("connections", "Open connections", made.connections.clone());
        registry.register("requests_under_way", "Requests that are not answered yet", made.under_way.clone());
        let help = "Time until an audit event was durable";
        registry.register_with_unit("audit_append", help, Unit::Seconds, made.events.clone());
        let help = "Audit events that could not be written, whose requests were refused";
        registry.register("audit_append_failures", help, made.events_failed.clone());
        registry.register("chore_runs", "Looks at what is due", made.chores.clone());
        made
    }

    /// A request was answered; `route` is its line in the route table, if it has one.
    pub(crate) fn answered(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let route = route.unwrap_or(OTHER);
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or(OTHER);
        self.requests.get_or_create(&RequestLabels { method, route: route.to_owned(), status }).inc();
        self.durations.get_or_create(&RouteLabels { route: route.to_owned() }).observe(took.as_secs_f64());
        let operation =
            route.rsplit_once("/actions/").and_then(|(_, last)| USES.into_iter().find(|operation| *operation == last));
        if let Some(operation) = operation.filter(|_| (200..300).contains(&status)) {
            self.uses.get_or_create(&UseLabels { operation }).inc();
        }
    }

    /// A request was refused because there were too many for this limit.
    pub(crate) fn limited(&self, limit: &'static str) {
        self.limited.get_or_create(&LimitLabels { limit }).inc();
    }

    /// An event was written, or could not be.
    pub(crate) fn event(&self, took: Duration, written: bool) {
        if written {
            self.events.observe(took.as_secs_f64());
        } else {
            self.events_failed.inc();
        }
    }

    /// All of it in the text form of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        text::encode(&mut text, &self.registry).ok();
        text
    }
}

/// One of what is there at this moment, for as long as this lives.
pub(crate) struct Counted(Gauge);

impl Counted {
    /// One more.
    pub(crate) fn up(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;
    use std::time::Duration;

    #[test]
    fn what_clients_make_up_makes_no_series() {
        let metrics = Metrics::new();
        for method in ["BREW", "FROB", "get"] {
            metrics.answered(method, None, 404, Duration::ZERO);
        }
        let text = metrics.text();
        assert!(text.contains("envelock_requests_total{method=\"other\",route=\"other\",status=\"404\"} 3"), "{text}");
        assert!(!text.contains("BREW"));
    }

    #[test]
    fn only_uses_that_succeeded_count_as_uses() {
        let metrics = Metrics::new();
        let route = Some("/api/v2/keys/{id}/actions/wrap");
        metrics.answered("POST", route, 200, Duration::from_millis(3));
        metrics.answered("POST", route, 409, Duration::from_millis(3));
        metrics.answered("POST", Some("/api/v2/keys/{id}/actions/disable"), 204, Duration::ZERO);
        let text = metrics.text();
        assert!(text.contains("envelock_key_uses_total{operation=\"wrap\"} 1"), "{text}");
        assert!(!text.contains("operation=\"disable\""));
        let slow = "envelock_request_duration_seconds_bucket{le=\"0.0025\",route=\"/api/v2/keys/{id}/actions/wrap\"} 0";
        assert!(text.contains(slow), "{text}");
    }
}
