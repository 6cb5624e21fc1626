//! The JSON API.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use oisp_store::{Filter, Stored};
use serde_json::json;

use crate::reply::{self, Refusal};
use crate::state::AppState;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// Query parameters as they stand in the address; each may come once.
pub(crate) type Params = Result<Query<std::collections::HashMap<String, String>>, QueryRejection>;

/// `/api/health`
pub(crate) async fn health(State(state): State<AppState>) -> Response {
    reply::value(StatusCode::OK, &state.status.health())
}

/// `/api/ready`
pub(crate) async fn ready(State(state): State<AppState>) -> Response {
    if state.status.ready() {
        return reply::value(StatusCode::OK, &json!({"ready": true}));
    }
    let body = json!({"ready": false, "reason": state.status.not_ready_reason()});
    reply::value(StatusCode::SERVICE_UNAVAILABLE, &body)
}

/// `/api/doctor`
pub(crate) async fn doctor(State(state): State<AppState>) -> Result<Response, Refusal> {
    // It may read every process of the machine.
    let report = tokio::task::spawn_blocking(move || state.status.doctor()).await;
    let report = report.map_err(|_| {
        let message = "the report could not be made; the sensor's log tells why";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "doctor_failed", message)
    })?;
    Ok(reply::value(StatusCode::OK, &report))
}

/// `/api/events`
pub(crate) async fn events(
    State(state): State<AppState>,
    params: Params,
) -> Result<Response, Refusal> {
    let Query(params) = params.map_err(|rejection| Refusal::bad_request(rejection.body_text()))?;
    let limit = params
        .get("limit")
        .map_or(Ok(DEFAULT_LIMIT), |text| limit(text))?;
    let before = params
        .get("before")
        .map(|id| position(&state, id))
        .transpose()?;
    let filter = Filter {
        event_types: event_types(params.get("type")),
        request_id: params.get("request_id").cloned(),
        ..Filter::default()
    };
    Ok(reply::json_with(
        StatusCode::OK,
        array(state.log.newest(before, limit, &filter)),
    ))
}

/// `/api/events/{id}`
pub(crate) async fn event(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let stored = state.log.get(&id).ok_or_else(|| unknown_event(&id))?;
    Ok(reply::json_with(
        StatusCode::OK,
        Bytes::from_owner(Json(stored)),
    ))
}

/// Any other path under `/api/`.
pub(crate) async fn unknown_path() -> Refusal {
    let message = "no such path; there are /api/health, /api/ready, /api/events, /api/events/{id}, /api/filters and /api/doctor";
    Refusal::new(StatusCode::NOT_FOUND, "not_found", message)
}

/// The wanted event types of a comma-separated list.
pub(crate) fn event_types(list: Option<&String>) -> Vec<String> {
    let names = list
        .map_or("", |list| list.as_str())
        .split(',')
        .map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn limit(text: &str) -> Result<usize, Refusal> {
    let number = text.parse::<usize>();
    number.map(|number| number.min(MAX_LIMIT)).map_err(|_| {
        Refusal::bad_request(format!(
            "limit={text:?} is no number; give one from 0 to {MAX_LIMIT}"
        ))
    })
}

fn position(state: &AppState, id: &str) -> Result<u64, Refusal> {
    state
        .log
        .get(id)
        .map(|stored| stored.seq)
        .ok_or_else(|| unknown_event(id))
}

fn unknown_event(id: &str) -> Refusal {
    let message = format!("no event {id:?}: it never was, or the log has let it go by age or size");
    Refusal::new(StatusCode::NOT_FOUND, "event_not_found", message)
}

/// An event's JSON, as the log holds it: neither parsed nor copied.
struct Json(Arc<Stored>);

impl AsRef<[u8]> for Json {
    fn as_ref(&self) -> &[u8] {
        self.0.event.json().as_bytes()
    }
}

fn array(events: Vec<Arc<Stored>>) -> Body {
    let open = std::iter::once(Bytes::from_static(b"["));
    let close = std::iter::once(Bytes::from_static(b"]"));
    let items = events.into_iter().enumerate().flat_map(|(index, stored)| {
        let comma = if index == 0 {
            Bytes::new()
        } else {
            Bytes::from_static(b",\n")
        };
        [comma, Bytes::from_owner(Json(stored))]
    });
    let parts = open
        .chain(items)
        .chain(close)
        .filter(|part| !part.is_empty());
    Body::from_stream(stream::iter(parts.map(Ok::<_, std::convert::Infallible>)))
}
