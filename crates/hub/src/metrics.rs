//! What the hub counts about itself, as Prometheus text.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::app::App;

/// The metrics. Label values come from fixed sets (routes, codes, states), never from a request.
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    latency: HistogramVec,
    evidence: IntCounterVec,
    events: IntCounter,
    seconds: HistogramVec,
    batches: HistogramVec,
    depth: IntGaugeVec,
    packets: IntGaugeVec,
    trust: IntGaugeVec,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let latencies = prometheus::exponential_buckets(0.001, 2.0, 17)?;
        let counts = prometheus::exponential_buckets(1.0, 2.0, 13)?;
        let seconds = |name: &str, help: &str| HistogramOpts::new(name, help).buckets(latencies.clone());
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new("causeway_hub_requests_total", "Requests answered, by route, method and status."),
                &["route", "method", "status"],
            )?,
            latency: HistogramVec::new(
                seconds("causeway_hub_request_seconds", "Time from request to answer, by route."),
                &["route"],
            )?,
            evidence: IntCounterVec::new(
                Opts::new("causeway_hub_evidence_total", "Envelopes answered, by what became of them."),
                &["outcome"],
            )?,
            events: IntCounter::new("causeway_hub_events_total", "Gateway events recorded.")?,
            seconds: HistogramVec::new(
                seconds("causeway_hub_work_seconds", "Time one piece of work took, by kind."),
                &["work"],
            )?,
            batches: HistogramVec::new(
                HistogramOpts::new("causeway_hub_batch_size", "Things handled together, by kind.")
                    .buckets(counts),
                &["kind"],
            )?,
            depth: IntGaugeVec::new(
                Opts::new("causeway_hub_queue_depth", "Work that waits, by queue."),
                &["queue"],
            )?,
            packets: IntGaugeVec::new(
                Opts::new("causeway_hub_packets", "Packets, by state, as last counted."),
                &["state"],
            )?,
            trust: IntGaugeVec::new(
                Opts::new(
                    "causeway_hub_islands_trust",
                    "Islands that count, by how their light clients' trusting periods stand: alarm on ageing and over.",
                ),
                &["standing"],
            )?,
        };
        for collector in [
            Box::new(metrics.requests.clone()) as Box<dyn prometheus::core::Collector>,
            Box::new(metrics.latency.clone()),
            Box::new(metrics.evidence.clone()),
            Box::new(metrics.events.clone()),
            Box::new(metrics.seconds.clone()),
            Box::new(metrics.batches.clone()),
            Box::new(metrics.depth.clone()),
            Box::new(metrics.packets.clone()),
            Box::new(metrics.trust.clone()),
        ] {
            metrics.registry.register(collector)?;
        }
        Ok(metrics)
    }

    /// One envelope was answered: `recorded`, `known`, or the code of its refusal.
    pub(crate) fn evidence(&self, outcome: &str) {
        self.evidence.with_label_values(&[outcome]).inc();
    }

    /// So many gateway events were recorded.
    pub(crate) fn events(&self, count: u32) {
        self.events.inc_by(count.into());
    }

    /// A piece of work took this long.
    pub(crate) fn took(&self, work: &str, time: Duration) {
        self.seconds.with_label_values(&[work]).observe(time.as_secs_f64());
    }

    /// So many things were handled together.
    pub(crate) fn together(&self, kind: &str, count: usize) {
        self.batches.with_label_values(&[kind]).observe(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    }

    /// So much waits in `queue` now.
    pub(crate) fn waiting(&self, queue: &str, count: usize) {
        self.depth.with_label_values(&[queue]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// So many packets are in `state` now.
    pub(crate) fn packets(&self, state: &str, count: u64) {
        self.packets.with_label_values(&[state]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// So many islands' trust stands so now.
    pub(crate) fn trust(&self, standing: &str, count: usize) {
        self.trust.with_label_values(&[standing]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Everything, in Prometheus' text format.
    pub(crate) fn text(&self) -> Result<String, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// Counts and times every request by its route, never by its raw path.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = match *request.method() {
        axum::http::Method::GET => "GET",
        axum::http::Method::POST => "POST",
        _ => "other",
    };
    let begun = std::time::Instant::now();
    let response = next.run(request).await;
    let metrics = &app.metrics;
    metrics.requests.with_label_values(&[&route, method, response.status().as_str()]).inc();
    metrics.latency.with_label_values(&[&route]).observe(begun.elapsed().as_secs_f64());
    response
}
