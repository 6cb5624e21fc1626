//! OpenAI chat completions, and the many providers that are compatible with
//! it.

mod request;
mod response;
mod stream;

use serde_json::Value;

use super::{Answer, AnswerStream, Call, Dialect};

/// The dialect.
pub(super) struct OpenAiChat;

impl Dialect for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai.chat"
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
