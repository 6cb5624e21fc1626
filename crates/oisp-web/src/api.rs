//! The JSON API.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use oisp_store::{Filter, Stored};

use crate::openapi::Event;
use crate::reply::{self, ErrorBody, Refusal};
use crate::state::AppState;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// Query parameters as they stand in the address; each may come once.
pub(crate) type Params = Result<Query<std::collections::HashMap<String, String>>, QueryRejection>;

/// What is captured, what is not and why.
#[utoipa::path(
    get, path = "/api/doctor", tag = "state",
    responses(
        (status = 200, description = "The capture's own report; its fields are those of its kind", body = Object),
        (status = 500, description = "The report could not be made", body = ErrorBody),
    ),
)]
pub(crate) async fn doctor(State(state): State<AppState>) -> Result<Response, Refusal> {
    // It may read every process of the machine.
    let report = tokio::task::spawn_blocking(move || state.status.doctor()).await;
    let report = report.map_err(|_| {
        let message = "the report could not be made; the sensor's log tells why";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "doctor_failed", message)
    })?;
    Ok(reply::value(StatusCode::OK, &report))
}

/// Events, newest first.
#[utoipa::path(
    get, path = "/api/events", tag = "events",
    params(
        ("limit" = Option<usize>, Query, minimum = 0, description = "Most events; 100 where absent, never more than 1000"),
        ("type" = Option<String>, Query, description = "Only these event types, with commas between them", example = "ai.request,ai.response"),
        ("before" = Option<String>, Query, description = "Only events that are older than the one of this `event_id`"),
        ("request_id" = Option<String>, Query, description = "Only the events of this call"),
    ),
    responses(
        (status = 200, description = "Events in the OISP v0.1 format", body = Vec<Event>),
        (status = 400, description = "A parameter cannot be understood", body = ErrorBody),
        (status = 404, description = "The event of `before` is not in the log", body = ErrorBody),
    ),
)]
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

/// One event.
#[utoipa::path(
    get, path = "/api/events/{id}", tag = "events",
    params(("id" = String, Path, description = "Its `event_id`")),
    responses(
        (status = 200, description = "The event", body = Event),
        (status = 400, description = "The address is not UTF-8", body = ErrorBody),
        (status = 404, description = "It is not in the log", body = ErrorBody),
    ),
)]
pub(crate) async fn event(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path(id) = id.map_err(|rejection| Refusal::bad_request(rejection.body_text()))?;
    let stored = state.log.get(&id).ok_or_else(|| unknown_event(&id))?;
    Ok(reply::json_with(
        StatusCode::OK,
        Bytes::from_owner(Json(stored)),
    ))
}

/// Any other path under `/api/`.
pub(crate) async fn unknown_path() -> Refusal {
    let message = "no such path; /api/openapi.json lists those that there are";
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
