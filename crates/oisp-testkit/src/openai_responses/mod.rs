//! OpenAI's Responses: `POST /v1/responses`, and the same path as a WebSocket,
//! where each message `response.create` is a call and the events of a stream
//! are the messages that answer.

mod request;
mod response;
mod stream;

use serde_json::{Value, json};

use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::openai;
use crate::reply::Reply;
use crate::route::{Received, Routing, bearer, is_refused};

pub(crate) const PATH: &str = "/v1/responses";

const DIALECT: Dialect = Dialect::Responses;

pub(crate) fn create(received: &Received, routing: &Routing<'_>) -> Reply {
    let reply = match received.json().and_then(|body| request::read(&body)) {
        Err(message) => openai::failure(400, "", &message),
        Ok(asked) if is_refused(bearer(received)) => openai::failure(401, &asked.call.model, ""),
        Ok(asked) => answer(asked, routing),
    };
    openai::with_headers(
        Reply {
            dialect: DIALECT,
            ..reply
        },
        &routing.token,
    )
}

fn answer(asked: request::Asked, routing: &Routing<'_>) -> Reply {
    let request::Asked { call, echo } = asked;
    let refuse = |call: &Call, status| openai::failure(status, &call.model, "");
    routing.play(call, refuse, |call, meant| {
        if call.stream {
            let (events, script, meant) = stream::write(call, meant, &echo, routing);
            let frames = events.iter().map(stream::Event::sse).collect();
            Reply {
                cut: script.is_cut(),
                ..Reply::events(DIALECT, frames).meaning(meant)
            }
        } else {
            response::write(call, meant, &echo, routing)
        }
    })
}

/// The answer to a message of a WebSocket: frames that are messages. `None`
/// where the message asks for nothing.
pub(crate) fn hear(message: &[u8], refused: bool, routing: &Routing<'_>) -> Option<Reply> {
    let body: Value = serde_json::from_slice(message).ok()?;
    if body.get("type")? != "response.create" {
        return None;
    }
    let reply = match request::read(&body) {
        Err(message) => complaint(400, "", &message),
        Ok(asked) if refused => complaint(401, &asked.call.model, ""),
        Ok(request::Asked { mut call, echo }) => {
            call.stream = true;
            let refuse = |call: &Call, status| complaint(status, &call.model, "");
            routing.play(call, refuse, |call, meant| {
                let (events, script, meant) = stream::write(call, meant, &echo, routing);
                let frames = events.iter().map(stream::Event::json).collect();
                Reply {
                    cut: script.is_cut(),
                    ..Reply::events(DIALECT, frames).meaning(meant)
                }
            })
        }
    };
    Some(Reply {
        dialect: DIALECT,
        status: 101,
        headers: Vec::new(),
        ..reply
    })
}

/// An error as a message: a session has no status of its own.
fn complaint(status: u16, model: &str, message: &str) -> Reply {
    let Reply { meant, .. } = openai::failure(status, model, message);
    let told = meant.as_ref().and_then(|meant| meant.error.clone());
    let told = told.map(
        |told| json!({ "type": told.kind, "code": null, "message": told.message, "param": null }),
    );
    let event = json!({ "type": "error", "status": status, "error": told });
    let meant = meant.map(|meant| Meant {
        streamed: true,
        ..meant
    });
    Reply {
        meant,
        ..Reply::events(DIALECT, vec![event.to_string().into()])
    }
}
