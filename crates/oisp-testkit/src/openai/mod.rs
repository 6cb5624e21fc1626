//! The OpenAI dialect: `POST /v1/chat/completions`, `GET /v1/models`.

mod request;
mod response;
mod stream;

use serde::Serialize;
use serde_json::json;

use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::route::{Received, Routing, bearer, is_refused};
use crate::sse;

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const MODELS: &str = "/v1/models";

const DIALECT: Dialect = Dialect::OpenAi;

pub(crate) fn chat(received: &Received, routing: &Routing<'_>) -> Reply {
    let reply = match request::read(received) {
        Err(message) => failure(400, "", &message),
        Ok(call) if is_refused(bearer(received)) => failure(401, &call.model, ""),
        Ok(call) => answer(call, routing),
    };
    with_headers(reply, &routing.token)
}

pub(crate) fn models(received: &Received, routing: &Routing<'_>) -> Reply {
    if is_refused(bearer(received)) {
        return with_headers(failure(401, "", ""), &routing.token);
    }
    let model = |id: &str| json!({ "id": id, "object": "model", "created": 1_721_172_741, "owned_by": "system" });
    let list = json!({ "object": "list", "data": [model("gpt-4o"), model("gpt-4o-mini"), model("o4-mini")] });
    with_headers(Reply::json(DIALECT, 200, &list), &routing.token)
}

fn answer(call: Call, routing: &Routing<'_>) -> Reply {
    let refuse = |call: &Call, status| failure(status, &call.model, "");
    routing.play(call, refuse, |call, meant| {
        if call.stream {
            stream::write(call, meant, routing)
        } else {
            response::write(call, meant, routing)
        }
    })
}

pub(crate) fn with_headers(mut reply: Reply, token: &str) -> Reply {
    reply.headers.extend([
        ("x-request-id", format!("req_{token}")),
        ("openai-organization", "org-made-up-for-tests".to_owned()),
        ("openai-version", "2020-10-01".to_owned()),
        ("openai-processing-ms", "42".to_owned()),
        ("x-ratelimit-limit-requests", "10000".to_owned()),
        ("x-ratelimit-remaining-requests", "9999".to_owned()),
        ("x-ratelimit-reset-requests", "6ms".to_owned()),
        ("x-ratelimit-limit-tokens", "200000".to_owned()),
        ("x-ratelimit-remaining-tokens", "199500".to_owned()),
        ("x-ratelimit-reset-tokens", "150ms".to_owned()),
    ]);
    if matches!(reply.status, 429 | 503) {
        reply.headers.push(("retry-after", "1".to_owned()));
    }
    reply
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorDetail<'a>,
}

#[derive(Serialize)]
struct ErrorDetail<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// An error body; the provider's usual message where `message` is empty.
pub(crate) fn failure(status: u16, model: &str, message: &str) -> Reply {
    let (kind, code, usual) = match status {
        401 => (
            "invalid_request_error",
            Some("invalid_api_key"),
            "Incorrect API key provided: made-up. You can find your API key in your account settings.",
        ),
        404 => (
            "invalid_request_error",
            Some("model_not_found"),
            "The model does not exist or you do not have access to it.",
        ),
        429 => (
            "tokens",
            Some("rate_limit_exceeded"),
            "Rate limit reached on tokens per min (TPM): Limit 200000, Used 199431, Requested 1204. Please try again in 190ms.",
        ),
        500.. => (
            "server_error",
            None,
            "The server had an error while processing your request. Sorry about that!",
        ),
        _ => (
            "invalid_request_error",
            None,
            "The request could not be understood.",
        ),
    };
    let message = if message.is_empty() { usual } else { message };
    let body = ErrorBody {
        error: ErrorDetail {
            message,
            kind,
            param: None,
            code,
        },
    };
    Reply::json(DIALECT, status, &body).meaning(Meant::failure(model, kind, message))
}

/// The event that tells an error after the answer began with status 200.
pub(crate) fn failure_event() -> (bytes::Bytes, crate::FailureTold) {
    let (kind, message) = (
        "server_error",
        "The server had an error while processing your request. Sorry about that!",
    );
    let body = ErrorBody {
        error: ErrorDetail {
            message,
            kind,
            param: None,
            code: None,
        },
    };
    (
        sse::data(&body),
        crate::FailureTold {
            kind: kind.to_owned(),
            message: message.to_owned(),
        },
    )
}
