//! Gemini: `POST /v1beta/models/MODEL:METHOD` for contents, whole and streamed
//! as events or as one array, and for vectors.

mod embed;
mod request;
mod response;
mod stream;

use serde_json::{Value, json};

use crate::FailureTold;
use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::route::{Received, Routing, is_refused, unescaped};

/// What a path asks for.
pub(crate) struct Target {
    model: String,
    method: Method,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Generate,
    Stream,
    Embed,
    EmbedMany,
}

impl Target {
    pub(crate) fn of(path: &str) -> Option<Self> {
        let (version, rest) = path.strip_prefix('/')?.split_once("/models/")?;
        let (model, method) = rest.rsplit_once(':')?;
        let method = match method {
            "generateContent" => Method::Generate,
            "streamGenerateContent" => Method::Stream,
            "embedContent" => Method::Embed,
            "batchEmbedContents" => Method::EmbedMany,
            _ => return None,
        };
        matches!(version, "v1" | "v1beta").then(|| Self {
            model: unescaped(model),
            method,
        })
    }
}

pub(crate) fn answer(received: &Received, target: &Target, routing: &Routing<'_>) -> Reply {
    let read = received.json().and_then(|body| match target.method {
        Method::Generate => request::read(&body, &target.model, false),
        Method::Stream => request::read(&body, &target.model, true),
        Method::Embed | Method::EmbedMany => embed::read(&body, &target.model),
    });
    let reply = match read {
        Err(message) => failure(400, "", &message),
        Ok(call) if is_refused(key(received)) => failure(403, &call.model, ""),
        Ok(call) => {
            let refuse = |call: &Call, status| failure(status, &call.model, "");
            routing.play(call, refuse, |call, meant| match target.method {
                Method::Generate => response::write(call, meant, routing),
                Method::Stream if is_sse(received) => stream::events(call, meant, routing),
                Method::Stream => stream::array(call, meant, routing),
                Method::Embed => embed::one(call),
                Method::EmbedMany => embed::many(call, received),
            })
        }
    };
    let dialect = match target.method {
        Method::Generate | Method::Stream => Dialect::Gemini,
        Method::Embed | Method::EmbedMany => Dialect::GeminiEmbedding,
    };
    with_headers(Reply { dialect, ..reply })
}

fn with_headers(mut reply: Reply) -> Reply {
    reply.headers.extend([
        ("server", "scaffolding on HTTPServer2".to_owned()),
        ("server-timing", "gfet4t7; dur=42".to_owned()),
        ("vary", "Origin".to_owned()),
    ]);
    reply
}

fn is_sse(received: &Received) -> bool {
    received
        .query
        .split('&')
        .any(|parameter| parameter == "alt=sse")
}

fn key(received: &Received) -> Option<&str> {
    let in_query = || {
        received
            .query
            .split('&')
            .find_map(|parameter| parameter.strip_prefix("key="))
    };
    received.header("x-goog-api-key").or_else(in_query)
}

/// An error body; the provider's usual message where `message` is empty.
fn failure(status: u16, model: &str, message: &str) -> Reply {
    let (body, told) = failure_body(status, message);
    Reply::json(Dialect::Gemini, status, &body).meaning(Meant::failure(
        model,
        &told.kind,
        &told.message,
    ))
}

fn failure_body(status: u16, message: &str) -> (Value, FailureTold) {
    let (word, usual) = match status {
        403 => (
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers. Please use a key.",
        ),
        404 => (
            "NOT_FOUND",
            "The model is not found for this version of the API.",
        ),
        429 => (
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota. Please retry in 19.5s.",
        ),
        503 => (
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
        ),
        500.. => ("INTERNAL", "An internal error has occurred. Please retry."),
        _ => ("INVALID_ARGUMENT", "The request could not be understood."),
    };
    let message = if message.is_empty() { usual } else { message };
    let body = json!({ "error": { "code": status, "message": message, "status": word } });
    (
        body,
        FailureTold {
            kind: word.to_owned(),
            message: message.to_owned(),
        },
    )
}
