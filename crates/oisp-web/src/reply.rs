//! JSON answers.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// An answer of that status with JSON as its body.
pub(crate) fn json_with(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// A value as JSON.
pub(crate) fn value<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => json_with(status, text),
        // Of these types none can fail; no answer is worth a panic.
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What a refusal looks like.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody<'a> {
    error: Cause<'a>,
}

/// Why something was refused.
#[derive(Serialize, ToSchema)]
#[schema(as = ErrorCause)]
struct Cause<'a> {
    /// For programs.
    code: &'a str,
    /// For people: what it is, and what to do.
    message: &'a str,
}

/// What went wrong, in a form that both a script and a person can use.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    /// A refusal of that status.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// The cause, as one word.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// A parameter that cannot be understood.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = Cause {
            code: self.code,
            message: &self.message,
        };
        value(self.status, &ErrorBody { error })
    }
}
