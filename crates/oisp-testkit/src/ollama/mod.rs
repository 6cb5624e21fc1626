//! Ollama's own dialect: `POST /api/chat`, streamed as lines of JSON unless it
//! is asked not to.

mod request;
mod response;
mod stream;

use serde_json::json;

use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::route::{Received, Routing, bearer, is_refused};

pub(crate) const CHAT: &str = "/api/chat";

const DIALECT: Dialect = Dialect::Ollama;

pub(crate) fn chat(received: &Received, routing: &Routing<'_>) -> Reply {
    match received.json().and_then(|body| request::read(&body)) {
        Err(message) => failure(400, "", &message),
        // A local server wants no key.
        Ok(call) if bearer(received).is_some_and(|key| is_refused(Some(key))) => {
            failure(401, &call.model, "unauthorized")
        }
        Ok(call) => {
            let refuse = |call: &Call, status| failure(status, &call.model, "");
            routing.play(call, refuse, |call, meant| {
                let meant = response::as_shown(call, meant);
                if call.stream {
                    stream::write(call, meant)
                } else {
                    response::write(meant)
                }
            })
        }
    }
}

/// An error body; a usual message where `message` is empty.
fn failure(status: u16, model: &str, message: &str) -> Reply {
    let usual = match status {
        404 => "model not found, try pulling it first",
        429 | 503 => "server busy, please try again. maximum pending requests exceeded",
        500.. => "model runner has unexpectedly stopped",
        _ => "invalid request",
    };
    let message = if message.is_empty() { usual } else { message };
    Reply::json(DIALECT, status, &json!({ "error": message }))
        .meaning(Meant::failure(model, "", message))
}
