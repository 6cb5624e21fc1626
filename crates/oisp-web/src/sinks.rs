//! `/api/sinks`: where events are delivered, and how that goes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::reply;
use crate::state::AppState;

/// One sink. What it was given is delivered + refused + filtered + lag +
/// dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sink {
    /// Its name.
    pub name: String,
    /// What it is doing, in one word, such as `healthy` or `failing`.
    pub state: String,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The last error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<SinkError>,
    /// Events that wait for it.
    pub lag: u64,
    /// Events that the receiver has.
    pub delivered: u64,
    /// Deliveries that failed and were tried again.
    pub retried: u64,
    /// Events that the receiver will never take.
    pub refused: u64,
    /// Events that the sink's filter leaves out.
    pub filtered: u64,
    /// Events that the log let go before the sink took them.
    pub dropped: u64,
}

/// An error and its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SinkError {
    /// What went wrong.
    pub message: String,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Every sink with its state.
#[utoipa::path(
    get, path = "/api/sinks", tag = "state",
    responses((status = 200, description = "The sinks; none where only the dashboard reads", body = Vec<Sink>)),
)]
pub(crate) async fn read(State(state): State<AppState>) -> Response {
    reply::value(StatusCode::OK, &state.status.sinks())
}
