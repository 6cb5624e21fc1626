//! Cohere's chat: `POST /v2/chat`.

mod response;
mod stream;

use serde_json::{Value, json};

use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::route::{Received, Routing, bearer, is_refused};
use crate::turns::{Turn, flag, items, model};

pub(crate) const CHAT: &str = "/v2/chat";

const DIALECT: Dialect = Dialect::Cohere;

pub(crate) fn chat(received: &Received, routing: &Routing<'_>) -> Reply {
    let failure =
        |status, model: &str, message: &str| failure(status, model, message, &routing.token);
    let mut reply = match received.json().and_then(|body| read(&body)) {
        Err(message) => failure(400, "", &message),
        Ok(call) if is_refused(bearer(received)) => failure(401, &call.model, ""),
        Ok(call) => {
            let refuse = |call: &Call, status| failure(status, &call.model, "");
            routing.play(call, refuse, |call, meant| {
                let meant = response::as_shown(call, meant);
                if call.stream {
                    stream::write(call, meant, &routing.token)
                } else {
                    response::write(meant, &routing.token)
                }
            })
        }
    };
    reply.headers.extend([
        ("x-debug-trace-id", routing.token.to_lowercase()),
        ("x-trial-endpoint-call-limit", "20".to_owned()),
        ("x-trial-endpoint-call-remaining", "19".to_owned()),
    ]);
    reply
}

/// The call that the body asks for, or what is wrong with it.
fn read(body: &Value) -> Result<Call, String> {
    let turns: Vec<Turn> = items(body, "messages").iter().map(Turn::of).collect();
    let mut call = Call::of_turns(model(body)?, &turns, flag(body, "stream"))?;
    call.directive.thinking |= body
        .pointer("/thinking/type")
        .is_some_and(|kind| kind == "enabled");
    Ok(call)
}

/// An error body; the provider's usual message where `message` is empty.
fn failure(status: u16, model: &str, message: &str, token: &str) -> Reply {
    let usual = match status {
        401 => "invalid api token",
        404 => "model not found, make sure the correct model ID was used",
        429 => "You are using a Trial key, which is limited to 20 API calls a minute.",
        500.. => "internal server error, this has been reported to our developers",
        _ => "invalid request",
    };
    let message = if message.is_empty() { usual } else { message };
    let body = json!({ "id": token, "message": message });
    Reply::json(DIALECT, status, &body).meaning(Meant::failure(model, "", message))
}
