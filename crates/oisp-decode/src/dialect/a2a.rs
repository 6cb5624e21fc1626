//! Agent2Agent 1.0 and 0.3: a message to another agent, and its answer, as a
//! message or as a task with artifacts. Over JSON-RPC 2.0 and as HTTP+JSON.
//!
//! Both versions are read alike: 0.3 tells by `kind` what an object is and
//! writes enumerations in lower case, 1.0 tells it by the member that holds it.

mod part;
mod request;
mod response;
mod stream;

use serde_json::Value;

use super::json::{Fields, object};
use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect.
struct A2a {
    operation: Operation,
    streaming: bool,
}

static SEND: A2a = A2a::new(Operation::INVOKE_AGENT, false);
static STREAM: A2a = A2a::new(Operation::INVOKE_AGENT, true);
static FETCH: A2a = A2a::new(Operation::FETCH_RESPONSE, false);
static SUBSCRIBE: A2a = A2a::new(Operation::FETCH_RESPONSE, true);

/// HTTP+JSON, by its path.
pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let dialect: &'static dyn Dialect = match route.path {
        path if path.ends_with("/message:send") => &SEND,
        path if path.ends_with("/message:stream") => &STREAM,
        _ => return None,
    };
    route.body.is_none_or(holds_message).then_some(dialect)
}

/// JSON-RPC, by its method.
pub(super) fn route_by_shape(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let body = route.body?;
    let params = body.get("params")?;
    if body.get("jsonrpc")?.as_str() != Some("2.0") {
        return None;
    }
    let names_task = || params.get("id").is_some_and(Value::is_string);
    match body.get("method")?.as_str()? {
        "SendMessage" | "message/send" if holds_message(params) => Some(&SEND),
        "SendStreamingMessage" | "message/stream" if holds_message(params) => Some(&STREAM),
        "GetTask" | "tasks/get" if names_task() => Some(&FETCH),
        "SubscribeToTask" | "tasks/resubscribe" if names_task() => Some(&SUBSCRIBE),
        _ => None,
    }
}

/// What holds the message: `request` in HTTP+JSON of 0.3.
const HOLDERS: [&str; 2] = ["message", "request"];

/// The parameters of a message that is sent.
fn holds_message(params: &Value) -> bool {
    let mut messages = HOLDERS.into_iter().filter_map(|key| params.get(key));
    messages.any(|message| {
        ["parts", "content"]
            .into_iter()
            .any(|key| message.get(key).is_some_and(Value::is_array))
    })
}

impl A2a {
    const fn new(operation: Operation, streaming: bool) -> Self {
        Self {
            operation,
            streaming,
        }
    }
}

impl Dialect for A2a {
    fn name(&self) -> &'static str {
        "a2a"
    }

    fn operation(&self) -> Operation {
        self.operation
    }

    fn streams_arrays(&self) -> bool {
        true
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        Call {
            streaming: Some(self.streaming),
            ..request::call(object(body))
        }
    }

    fn answer(&self, body: Value) -> Answer {
        let mut stream = Box::<stream::Stream>::default();
        stream.event(None, body);
        stream.finish()
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}

/// What JSON-RPC wraps, or the object itself.
fn unwrapped(
    mut body: serde_json::Map<String, Value>,
    member: &str,
) -> serde_json::Map<String, Value> {
    if body.contains_key("jsonrpc") {
        return body.take_object(member).unwrap_or_default();
    }
    body
}

/// The first of several names of a text. Protocol buffers as JSON are taken in
/// camel case and in snake case.
fn take_any(object: &mut serde_json::Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| object.take_text(name))
}
