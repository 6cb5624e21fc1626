//! The Anthropic dialect: `POST /v1/messages`, `POST /v1/messages/count_tokens`.

mod request;
mod response;
mod stream;

use serde::Serialize;
use serde_json::json;

use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::route::{Received, Routing, bearer, is_refused};

pub(crate) const MESSAGES: &str = "/v1/messages";
pub(crate) const COUNT_TOKENS: &str = "/v1/messages/count_tokens";

const DIALECT: Dialect = Dialect::Anthropic;

pub(crate) fn messages(received: &Received, routing: &Routing<'_>) -> Reply {
    let reply = match request::read(received) {
        Err(message) => failure(400, "", &message, &routing.token),
        Ok(call) if is_refused(key(received)) => failure(401, &call.model, "", &routing.token),
        Ok(call) => answer(call, routing),
    };
    with_headers(reply, &routing.token)
}

pub(crate) fn count_tokens(received: &Received, routing: &Routing<'_>) -> Reply {
    let reply = match request::read(received) {
        Err(message) => failure(400, "", &message, &routing.token),
        Ok(_) if is_refused(key(received)) => failure(401, "", "", &routing.token),
        Ok(call) => Reply::json(
            DIALECT,
            200,
            &json!({ "input_tokens": call.input_chars.div_ceil(4) }),
        ),
    };
    with_headers(reply, &routing.token)
}

fn key(received: &Received) -> Option<&str> {
    received.header("x-api-key").or_else(|| bearer(received))
}

fn answer(call: Call, routing: &Routing<'_>) -> Reply {
    let refuse = |call: &Call, status| failure(status, &call.model, "", &routing.token);
    routing.play(call, refuse, |call, meant| {
        if call.stream {
            stream::write(call, meant, routing)
        } else {
            response::write(call, meant, routing)
        }
    })
}

fn request_id(token: &str) -> String {
    format!("req_011C{token}")
}

fn with_headers(mut reply: Reply, token: &str) -> Reply {
    reply.headers.extend([
        ("request-id", request_id(token)),
        (
            "anthropic-organization-id",
            "00000000-0000-4000-8000-00000000beef".to_owned(),
        ),
        ("anthropic-ratelimit-requests-limit", "4000".to_owned()),
        ("anthropic-ratelimit-requests-remaining", "3999".to_owned()),
        (
            "anthropic-ratelimit-requests-reset",
            "2026-01-01T00:00:00Z".to_owned(),
        ),
        (
            "anthropic-ratelimit-input-tokens-limit",
            "2000000".to_owned(),
        ),
        (
            "anthropic-ratelimit-input-tokens-remaining",
            "1999000".to_owned(),
        ),
        (
            "anthropic-ratelimit-input-tokens-reset",
            "2026-01-01T00:00:00Z".to_owned(),
        ),
        (
            "anthropic-ratelimit-output-tokens-limit",
            "400000".to_owned(),
        ),
        (
            "anthropic-ratelimit-output-tokens-remaining",
            "399000".to_owned(),
        ),
        (
            "anthropic-ratelimit-output-tokens-reset",
            "2026-01-01T00:00:00Z".to_owned(),
        ),
    ]);
    if matches!(reply.status, 429 | 529) {
        reply.headers.push(("retry-after", "1".to_owned()));
    }
    reply
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: ErrorDetail<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

#[derive(Serialize)]
struct ErrorDetail<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    message: &'a str,
}

const OVERLOADED: (&str, &str) = ("overloaded_error", "Overloaded");

/// An error body; the provider's usual message where `message` is empty.
fn failure(status: u16, model: &str, message: &str, token: &str) -> Reply {
    let (kind, usual) = match status {
        401 => ("authentication_error", "invalid x-api-key"),
        403 => (
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        404 => ("not_found_error", "model: not found"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => (
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 4,000,000 input tokens per minute.",
        ),
        529 => OVERLOADED,
        500.. => ("api_error", "Internal server error"),
        _ => (
            "invalid_request_error",
            "The request could not be understood.",
        ),
    };
    let message = if message.is_empty() { usual } else { message };
    let body = ErrorBody {
        kind: "error",
        error: ErrorDetail { kind, message },
        request_id: Some(request_id(token)),
    };
    Reply::json(DIALECT, status, &body).meaning(Meant::failure(model, kind, message))
}
