//! Anthropic's APIs: messages, and what stands around them.

mod around;
mod block;
mod content;
pub(super) mod legacy;
mod request;
mod response;
mod stream;
mod usage;

use serde_json::Value;

use super::route::{Route, is_chat_shaped};
use super::{Answer, AnswerStream, Call, Dialect};
use crate::http::RequestHead;

pub(super) use around::CountTokens;

/// The dialect of `POST /v1/messages`.
pub(super) struct Anthropic;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let (_, method) = route.path.rsplit_once("/v1/")?;
    let fits = is_versioned(route) || route.body.is_some_and(is_chat_shaped);
    match method {
        "messages" if fits => Some(&Anthropic),
        "messages/count_tokens" if fits => Some(&around::CountTokens),
        "messages/batches" if may_be_batch(route) => Some(&around::Batch),
        "complete" if route.may_have("prompt") && is_versioned(route) => Some(&legacy::Complete),
        "complete" if route.body.is_some_and(is_completion_shaped) => Some(&legacy::Complete),
        _ => None,
    }
}

fn is_versioned(route: &Route<'_>) -> bool {
    route.head.headers.get("anthropic-version").is_some()
}

fn may_be_batch(route: &Route<'_>) -> bool {
    match route.body {
        Some(body) => body.get("requests").is_some_and(Value::is_array),
        None => is_versioned(route),
    }
}

fn is_completion_shaped(body: &Value) -> bool {
    let is_text = |key| body.get(key).is_some_and(Value::is_string);
    is_text("model") && is_text("prompt") && body.get("max_tokens_to_sample").is_some()
}

impl Dialect for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic.messages"
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        request::call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
