//! Bedrock's Converse: `POST /model/MODEL/converse`, and `/converse-stream`,
//! which is answered in AWS's framing.

mod request;
mod response;
mod stream;

use serde_json::json;

use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::route::{Received, Routing, is_refused, unescaped};

const DIALECT: Dialect = Dialect::Bedrock;

/// What a path asks for.
pub(crate) struct Target {
    model: String,
    stream: bool,
}

impl Target {
    pub(crate) fn of(path: &str) -> Option<Self> {
        let (model, method) = path.strip_prefix("/model/")?.rsplit_once('/')?;
        let stream = match method {
            "converse" => false,
            "converse-stream" => true,
            _ => return None,
        };
        Some(Self {
            model: unescaped(model),
            stream,
        })
    }
}

pub(crate) fn answer(received: &Received, target: &Target, routing: &Routing<'_>) -> Reply {
    let read = received
        .json()
        .and_then(|body| request::read(&body, &target.model, target.stream));
    let mut reply = match read {
        Err(message) => failure(400, "", &message),
        // The signature of a request is not looked at.
        Ok(call) if is_refused(received.header("authorization")) => failure(403, &call.model, ""),
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
    };
    let id = format!("00000000-0000-4000-8000-{:0>12.12}", routing.token);
    reply.headers.push(("x-amzn-requestid", id));
    reply
}

/// An error body; the provider's usual message where `message` is empty.
fn failure(status: u16, model: &str, message: &str) -> Reply {
    let (kind, usual) = match status {
        403 => (
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
        ),
        404 => (
            "ResourceNotFoundException",
            "Could not resolve the foundation model.",
        ),
        424 => (
            "ModelErrorException",
            "The model failed to process the request.",
        ),
        429 => (
            "ThrottlingException",
            "Too many requests, please wait before trying again.",
        ),
        503 => (
            "ServiceUnavailableException",
            "Bedrock is unable to process your request.",
        ),
        500.. => (
            "InternalServerException",
            "The system encountered an unexpected error.",
        ),
        _ => (
            "ValidationException",
            "The request could not be understood.",
        ),
    };
    let message = if message.is_empty() { usual } else { message };
    let mut reply = Reply::json(DIALECT, status, &json!({ "message": message }));
    reply.headers.push((
        "x-amzn-errortype",
        format!("{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/"),
    ));
    reply.meaning(Meant::failure(model, kind, message))
}
