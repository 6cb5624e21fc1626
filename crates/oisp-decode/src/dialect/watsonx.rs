//! IBM watsonx.ai: text generation, chat, embeddings. Its chat is OpenAI's, with
//! `model_id` in place of `model`.

mod request;
mod response;
mod stream;

use serde_json::Value;

use super::mapped::{MappedStream, renamed};
use super::openai_chat::OpenAiChat;
use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect, for one operation.
pub(super) struct Watsonx {
    name: &'static str,
    operation: Operation,
    call: fn(&RequestHead, Value) -> Call,
    answer: fn(Value) -> Answer,
    stream: fn() -> Box<dyn AnswerStream + Send>,
}

static GENERATION: Watsonx = Watsonx {
    name: "watsonx.generation",
    operation: Operation::COMPLETION,
    call: request::generation,
    answer: response::generation,
    stream: || Box::<stream::Stream>::default(),
};
static CHAT: Watsonx = Watsonx {
    name: "watsonx.chat",
    operation: Operation::CHAT,
    call: request::chat,
    answer: |body| OpenAiChat.answer(with_model(body)),
    stream: || Box::new(MappedStream::new(OpenAiChat.stream(), with_model)),
};
static EMBEDDINGS: Watsonx = Watsonx {
    name: "watsonx.embeddings",
    operation: Operation::EMBEDDING,
    call: request::embeddings,
    answer: response::embeddings,
    stream: || OpenAiChat.stream(),
};

/// What ends a path, and the field that its body must have.
const PATHS: [(&str, &str, &Watsonx); 7] = [
    ("/generation/text", "input", &GENERATION),
    ("/generation/text_stream", "input", &GENERATION),
    ("/text/generation", "input", &GENERATION),
    ("/text/generation_stream", "input", &GENERATION),
    ("/text/chat", "messages", &CHAT),
    ("/text/chat_stream", "messages", &CHAT),
    ("/text/embeddings", "inputs", &EMBEDDINGS),
];

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    if !route.path.contains("/ml/v1") {
        return None;
    }
    let known = PATHS.iter().find(|(end, _, _)| route.path.ends_with(end));
    // A deployment whose prompt is stored needs no input.
    let has = |field| route.may_have(field) || route.path.contains("/deployments/");
    known
        .filter(|(_, field, _)| has(field))
        .map(|(_, _, dialect)| *dialect as &'static dyn Dialect)
}

fn with_model(body: Value) -> Value {
    renamed(body, "model_id", "model")
}

impl Dialect for Watsonx {
    fn name(&self) -> &'static str {
        self.name
    }

    fn operation(&self) -> Operation {
        self.operation
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        (self.call)(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        (self.answer)(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        (self.stream)()
    }
}
