//! What Mistral has beyond chat completions: fill in the middle, agents,
//! conversations, text recognition, moderation of chats.

mod conversation;
mod item;
mod ocr;
mod plain;
mod stream;

use serde_json::Value;

use super::openai_chat::OpenAiChat;
use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect, for one operation.
pub(super) struct Mistral {
    name: &'static str,
    operation: Operation,
    call: fn(&RequestHead, Value) -> Call,
    answer: fn(Value) -> Answer,
    stream: fn() -> Box<dyn AnswerStream + Send>,
}

static FIM: Mistral = Mistral {
    name: "mistral.fim",
    operation: Operation::COMPLETION,
    call: plain::fim,
    answer: chat_answer,
    stream: chat_stream,
};
static AGENT: Mistral = Mistral {
    name: "mistral.agents",
    operation: Operation::CHAT,
    call: plain::agent,
    answer: chat_answer,
    stream: chat_stream,
};
static CONVERSATION: Mistral = Mistral {
    name: "mistral.conversations",
    operation: Operation::CHAT,
    call: conversation::call,
    answer: conversation::answer,
    stream: conversation_stream,
};
static OCR: Mistral = Mistral {
    name: "mistral.ocr",
    operation: Operation::OCR,
    call: ocr::call,
    answer: ocr::answer,
    stream: chat_stream,
};
static MODERATION: Mistral = Mistral {
    name: "mistral.moderations",
    operation: Operation::MODERATION,
    call: plain::moderation,
    answer: plain::moderation_answer,
    stream: chat_stream,
};

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let path = route.path;
    let is = |field: &str, test: fn(&Value) -> bool| {
        route.body.map_or_else(
            || is_its_host(route),
            |body| body.get(field).is_some_and(test),
        )
    };
    let is_input = |input: &Value| input.is_string() || input.is_array();
    if path.ends_with("/fim/completions") {
        return is("prompt", Value::is_string).then_some(&FIM);
    }
    if path.ends_with("/v1/agents/completions") {
        return is("messages", Value::is_array).then_some(&AGENT);
    }
    if path.ends_with("/v1/ocr") {
        return is("document", Value::is_object).then_some(&OCR);
    }
    if [
        "/v1/chat/moderations",
        "/v1/chat/classifications",
        "/v1/classifications",
    ]
    .iter()
    .any(|end| path.ends_with(end))
    {
        return is("input", |input| !input.is_null()).then_some(&MODERATION);
    }
    // Others have conversations too, and put other things into them.
    let fits = conversation::is_path(path) && is("inputs", is_input);
    fits.then_some(&CONVERSATION)
}

fn is_its_host(route: &Route<'_>) -> bool {
    let authority = route.head.authority.as_deref().unwrap_or_default();
    authority
        .split(':')
        .next()
        .is_some_and(|host| host.ends_with(".mistral.ai"))
}

fn chat_answer(body: Value) -> Answer {
    OpenAiChat.answer(body)
}

fn chat_stream() -> Box<dyn AnswerStream + Send> {
    OpenAiChat.stream()
}

fn conversation_stream() -> Box<dyn AnswerStream + Send> {
    Box::<stream::Stream>::default()
}

impl Dialect for Mistral {
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
