//! OpenAI Responses, over HTTP and WebSocket: items in, items out.

pub(super) mod item;
pub(super) mod request;
mod response;
mod socket;
mod stream;

use serde_json::Value;

use super::route::Route;
pub(super) use socket::ResponsesSocket;

use super::{Answer, AnswerStream, Call, Dialect};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct OpenAiResponses;

/// An input, or a reference to a stored prompt that stands for one.
pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let fits = route.may_have("input") || route.may_have("prompt");
    (route.path.ends_with("/responses") && fits).then_some(&OpenAiResponses)
}

impl Dialect for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai.responses"
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
