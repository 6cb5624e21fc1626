//! OpenAI chat completions, and the many providers that are compatible with
//! it.

mod message;
mod request;
mod response;
mod stream;
mod tool;

use serde_json::Value;

use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct OpenAiChat;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    route
        .path
        .ends_with("/chat/completions")
        .then_some(&OpenAiChat)
}

impl Dialect for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai.chat"
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        request::call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
