//! `/api/filters`: which processes are captured. Anybody who may read may read
//! it; who changes it must show the sensor's token.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::reply::{self, Refusal};
use crate::state::AppState;

/// What a change must show.
#[derive(Clone)]
pub(crate) struct Token(pub(crate) Option<Arc<str>>);

/// The rules, each `pid:N`, `name:NAME`, `user:UID` or `cgroup:PATH`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rules {
    include: Vec<String>,
    exclude: Vec<String>,
}

/// GET
pub(crate) async fn read(State(state): State<AppState>) -> Response {
    reply::value(StatusCode::OK, &state.status.filters())
}

/// PUT
pub(crate) async fn change(
    State(state): State<AppState>,
    Extension(token): Extension<Token>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    token.check(&headers)?;
    // An object: serde would take a list for a structure, too.
    let rules: Rules = serde_json::from_slice::<Map<String, Value>>(&body)
        .and_then(|fields| serde_json::from_value(Value::Object(fields)))
        .map_err(|error| not_rules(&error))?;
    state
        .status
        .set_filters(&rules.include, &rules.exclude)
        .map_err(Refusal::bad_request)?;
    Ok(reply::value(StatusCode::OK, &state.status.filters()))
}

fn not_rules(error: &serde_json::Error) -> Refusal {
    Refusal::bad_request(format!(
        "send {{\"include\": [RULE…], \"exclude\": [RULE…]}}: {error}"
    ))
}

impl Token {
    /// A page of another origin cannot send the header, and another user of the
    /// machine cannot read the file that it is in.
    fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let shown = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        match (&self.0, shown) {
            (Some(token), Some(shown)) if is_same(token.as_bytes(), shown.as_bytes()) => Ok(()),
            (Some(_), _) => Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "token_needed",
                "changing this takes the header `Authorization: Bearer TOKEN`; the sensor says at \
                 its start which file holds the token",
            )),
            (None, _) => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "read_only",
                "this sensor has no token: nothing can be changed while it runs",
            )),
        }
    }
}

/// Takes as long for a wrong token as for the right one.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differ = one
        .iter()
        .zip(other)
        .fold(0, |differ, (one, other)| differ | (one ^ other));
    one.len() == other.len() && differ == 0
}
