//! Figures: `/metrics` for Prometheus, `/api/metrics` and
//! `/api/metrics/processes` as JSON.
//!
//! In: the sensor's counters, the events of the log ([`Tally`]), what the
//! system says of a process ([`Usage`]). Counts of calls begin with the
//! sensor's start.

mod call;
mod names;
mod tally;
mod text;
#[cfg(target_os = "linux")]
mod usage;
#[cfg(not(target_os = "linux"))]
#[path = "metrics/usage_unknown.rs"]
mod usage;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRef, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use tally::Tally;

use crate::reply;
use crate::router::Shared;
use crate::state::AppState;
use tally::{ModelSums, ProcessSums, Sums};

/// What the system says of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// Processor time since its start, user and system.
    pub(crate) cpu_seconds: f64,
    /// Memory that it has in RAM.
    pub(crate) memory_rss_bytes: u64,
    /// Memory that it has addresses for.
    pub(crate) memory_vms_bytes: u64,
}

/// All figures.
#[derive(Serialize, ToSchema)]
pub(crate) struct Metrics {
    /// Seconds since the sensor's start.
    uptime_seconds: u64,
    /// The sensor's own process; absent where the system is not asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<Usage>,
    /// AI calls since the sensor's start.
    ai: Sums,
    /// The same by provider and model, as answered.
    models: Vec<ModelSums>,
    /// The sensor's counters, named `part.figure`.
    counters: BTreeMap<String, u64>,
}

impl FromRef<Shared> for Arc<Tally> {
    fn from_ref(shared: &Shared) -> Self {
        shared.tally.clone()
    }
}

/// All figures as JSON.
#[utoipa::path(
    get, path = "/api/metrics", tag = "metrics",
    responses((status = 200, description = "The figures now", body = Metrics)),
)]
pub(crate) async fn figures(
    State(state): State<AppState>,
    State(tally): State<Arc<Tally>>,
) -> Response {
    reply::value(StatusCode::OK, &gather(&state, &tally))
}

/// Each process that made AI calls: what it used, and what its calls took.
///
/// The newest caller first; at most 1000, those that called last. CPU and
/// memory are told of processes that still run.
#[utoipa::path(
    get, path = "/api/metrics/processes", tag = "metrics",
    responses((status = 200, description = "The processes", body = Vec<ProcessSums>)),
)]
pub(crate) async fn processes(State(tally): State<Arc<Tally>>) -> Response {
    reply::value(StatusCode::OK, &tally.processes())
}

/// All figures in the text format of Prometheus, or of OpenMetrics for who
/// asks for it.
#[utoipa::path(
    get, path = "/metrics", tag = "metrics",
    responses(
        (status = 200, description = "Prometheus text format 0.0.4, or OpenMetrics 1.0.0", content(
            (String = "text/plain"),
            (String = "application/openmetrics-text"),
        )),
    ),
)]
pub(crate) async fn prometheus(
    State(state): State<AppState>,
    State(tally): State<Arc<Tally>>,
    headers: HeaderMap,
) -> Response {
    let wants_openmetrics = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/openmetrics-text"));
    let ready = state.status.ready();
    let page = text::Page::of(&gather(&state, &tally), ready);
    let (kind, text) = match wants_openmetrics {
        true => (text::OPENMETRICS, page.openmetrics()),
        false => (text::PROMETHEUS, page.prometheus()),
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn gather(state: &AppState, tally: &Tally) -> Metrics {
    let (ai, models) = tally.sums();
    Metrics {
        uptime_seconds: state.status.health().uptime_seconds,
        process: usage::of(std::process::id()).map(|(usage, _)| usage),
        ai,
        models,
        counters: state.status.counters(),
    }
}
