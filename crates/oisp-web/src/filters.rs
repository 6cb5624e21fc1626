//! `/api/filters`: which processes are captured.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::reply::{self, ErrorBody, Refusal};
use crate::state::AppState;

/// Most rules of one kind, and most bytes of one rule.
const MOST: (usize, usize) = (1_000, 4_096);

/// The rules in force.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Filters {
    /// Only these processes and their descendants, where there are any.
    pub include: Vec<String>,
    /// Never these and their descendants.
    pub exclude: Vec<String>,
    /// The capture itself leaves the others out; else they are dropped later.
    pub in_kernel: bool,
}

/// The rules, each `pid:N`, `name:NAME`, `user:UID` or `cgroup:PATH`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rules {
    /// Only these processes and their descendants; all where empty or absent.
    #[schema(max_items = 1000)]
    include: Vec<String>,
    /// Never these and their descendants.
    #[schema(max_items = 1000)]
    exclude: Vec<String>,
}

/// Which processes are captured.
#[utoipa::path(
    get, path = "/api/filters", tag = "filters",
    responses((status = 200, description = "The rules in force", body = Filters)),
)]
pub(crate) async fn read(State(state): State<AppState>) -> Response {
    reply::value(StatusCode::OK, &state.status.filters())
}

/// Puts other rules in force, until the sensor stops.
///
/// All at once: what is not sent is gone.
#[utoipa::path(
    put, path = "/api/filters", tag = "filters",
    request_body = Rules,
    responses(
        (status = 200, description = "The rules now in force", body = Filters),
        (status = 400, description = "A rule cannot be understood; the old ones hold", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
    ),
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Refusal> {
    let body = body.map_err(|rejection| {
        Refusal::new(rejection.status(), "body_refused", rejection.body_text())
    })?;
    // An object: serde would take a list for a structure, too.
    let rules: Rules = serde_json::from_slice::<Map<String, Value>>(&body)
        .and_then(|fields| serde_json::from_value(Value::Object(fields)))
        .map_err(|error| not_rules(&error))?;
    bounded(&rules.include)?;
    bounded(&rules.exclude)?;
    state
        .status
        .set_filters(&rules.include, &rules.exclude)
        .map_err(Refusal::bad_request)?;
    Ok(reply::value(StatusCode::OK, &state.status.filters()))
}

fn bounded(rules: &[String]) -> Result<(), Refusal> {
    let (count, length) = MOST;
    if rules.len() > count || rules.iter().any(|rule| rule.len() > length) {
        let message = format!("at most {count} rules of at most {length} bytes each");
        return Err(Refusal::bad_request(message));
    }
    Ok(())
}

fn not_rules(error: &serde_json::Error) -> Refusal {
    Refusal::bad_request(format!(
        "send {{\"include\": [RULE…], \"exclude\": [RULE…]}}: {error}"
    ))
}
