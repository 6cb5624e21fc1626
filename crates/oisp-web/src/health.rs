//! Whether the sensor works: `/api/health`, `/api/live`, `/api/ready`. They
//! answer everybody, so nothing here tells what programs say, or to whom.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Caller;
use crate::reply;
use crate::state::AppState;

/// How the sensor is.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Health {
    /// In one word.
    pub status: HealthStatus,
    /// Why it is not `ok`; empty where it is.
    pub reasons: Vec<Reason>,
    /// The sensor's version.
    pub version: String,
    /// Seconds since its start.
    pub uptime_seconds: u64,
    /// Capture is attached.
    pub ready: bool,
    /// What is taken out of events: `safe`, `full`, `minimal` or `off`.
    pub redaction: String,
    /// The last error of each sink that has one. Only for who shows the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<String>>,
    /// All figures since the start, named `part.figure`.
    pub counters: BTreeMap<String, u64>,
}

/// How the sensor is, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Nothing is wrong.
    #[default]
    Ok,
    /// Capture is not attached yet.
    Starting,
    /// It works, and something is lost, left out or late.
    Degraded,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reason {
    /// For programs: `capture_not_attached`, `event_log_failing`, `bytes_lost`,
    /// `load_shed`, `events_lost` or `sink_failing`.
    pub code: &'static str,
    /// For people: what it is, and what to do.
    pub message: String,
}

/// The sensor answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Live {
    /// Always true.
    live: bool,
}

/// Whether capture is attached.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// It is.
    ready: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// How the sensor is, and why it is not well.
///
/// 200 whenever the sensor answers: the status is in the body. Takes no token.
#[utoipa::path(
    get, path = "/api/health", tag = "state", security(()),
    responses((status = 200, description = "How the sensor is", body = Health)),
)]
pub(crate) async fn health(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let mut health = state.status.health();
    if caller == Caller::Stranger {
        // An error may quote a receiver's answer or a path.
        health.errors = None;
    }
    reply::value(StatusCode::OK, &health)
}

/// The sensor's process answers.
///
/// Takes no token.
#[utoipa::path(
    get, path = "/api/live", tag = "state", security(()),
    responses((status = 200, description = "It does", body = Live)),
)]
pub(crate) async fn live() -> Response {
    reply::value(StatusCode::OK, &Live { live: true })
}

/// Capture is attached.
///
/// Takes no token.
#[utoipa::path(
    get, path = "/api/ready", tag = "state", security(()),
    responses(
        (status = 200, description = "Attached: what programs do from now on is seen", body = Ready),
        (status = 503, description = "Not yet, and why", body = Ready),
    ),
)]
pub(crate) async fn ready(State(state): State<AppState>) -> Response {
    let ready = state.status.ready();
    let (status, reason) = match ready {
        true => (StatusCode::OK, None),
        false => (
            StatusCode::SERVICE_UNAVAILABLE,
            Some(state.status.not_ready_reason()),
        ),
    };
    reply::value(status, &Ready { ready, reason })
}
