//! OpenAI Responses, over HTTP: items in, items out.

mod item;
mod request;
mod response;
mod stream;

use serde_json::Value;

use super::{Answer, AnswerStream, Call, Dialect};

/// The dialect.
pub(super) struct OpenAiResponses;

impl Dialect for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai.responses"
    }

    fn call(&self, body: Value) -> Call {
        request::call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
