//! Calls on paths that nobody knows, as gateways have: the request is known by
//! its shape, and so is the answer, which may be in another API's form.
//!
//! Much JSON has a model and messages and is no call: records of calls, for
//! one. What is not the shape of a call in all its messages is left alone.

mod shape;

use serde_json::Value;

use super::answer::error_of;
use super::openai_chat::OpenAiChat;
use super::openai_completions::OpenAiCompletions;
use super::route::Route;
use super::{
    Answer, AnswerStream, Call, Dialect, Operation, anthropic, cohere, gemini, ollama,
    openai_responses,
};
use crate::http::RequestHead;

/// The dialect: requests by another dialect, answers by their own shape.
pub(super) struct AnyChat {
    request: &'static dyn Dialect,
}

static OPENAI: AnyChat = AnyChat {
    request: &OpenAiChat,
};
static ANTHROPIC: AnyChat = AnyChat {
    request: &anthropic::Anthropic,
};
static OLLAMA: AnyChat = AnyChat {
    request: &ollama::CHAT,
};
static RESPONSES: AnyChat = AnyChat {
    request: &openai_responses::CREATE,
};
static GEMINI: AnyChat = AnyChat {
    request: &gemini::GenerateContent,
};

pub(super) fn route_by_shape(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let body = route.body?;
    if shape::is_other_path(route.path) || shape::is_record(body) {
        return None;
    }
    if gemini::route_by_shape(route).is_some() {
        return Some(&GEMINI);
    }
    if shape::is_responses(body) {
        return Some(&RESPONSES);
    }
    if !shape::is_chat(body) {
        return None;
    }
    if route.head.headers.get("anthropic-version").is_some() || shape::is_anthropic(body) {
        return Some(&ANTHROPIC);
    }
    if ollama::is_chat_by_shape(body) {
        return Some(&OLLAMA);
    }
    Some(&OPENAI)
}

/// The dialect that an answer is written in, or an event of a stream.
fn dialect_of(name: Option<&str>, body: &Value) -> Option<&'static dyn Dialect> {
    let has = |key: &str| body.get(key).is_some();
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let kind = text("type").or(name).unwrap_or_default();
    if let Some(choices) = body.get("choices").and_then(Value::as_array) {
        let is_text = choices
            .first()
            .is_some_and(|choice| choice.get("text").is_some());
        Some(if is_text {
            &OpenAiCompletions
        } else {
            &OpenAiChat
        })
    } else if kind == "message_start" || (kind == "message" && has("content")) {
        Some(&anthropic::Anthropic)
    } else if text("object") == Some("response") || kind.starts_with("response.") {
        Some(&openai_responses::CREATE)
    } else if body.get("done").is_some_and(Value::is_boolean) && has("message") {
        Some(&ollama::CHAT)
    } else if has("candidates") || has("usageMetadata") {
        Some(&gemini::GenerateContent)
    } else if kind == "message-start" || shape::is_cohere_answer(body) {
        Some(&cohere::ChatV2)
    } else {
        None
    }
}

impl Dialect for AnyChat {
    fn name(&self) -> &'static str {
        self.request.name()
    }

    fn operation(&self) -> Operation {
        self.request.operation()
    }

    /// As Gemini's may be.
    fn streams_arrays(&self) -> bool {
        true
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        self.request.call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        match dialect_of(None, &body) {
            Some(dialect) => dialect.answer(body),
            None => Answer {
                error: error_of(&body),
                ..Answer::default()
            },
        }
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<Stream>::default()
    }
}

/// A stream that is read by the dialect of its first event that tells.
#[derive(Default)]
struct Stream {
    inner: Option<Box<dyn AnswerStream + Send>>,
    /// What was said before that.
    before: Answer,
    /// Bytes were lost before that.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if self.inner.is_none() {
            self.inner = dialect_of(name, &data).map(|dialect| {
                let mut inner = dialect.stream();
                if self.torn {
                    inner.gap();
                }
                inner
            });
        }
        match &mut self.inner {
            Some(inner) => inner.event(name, data),
            None => {
                self.before.error = error_of(&data).or(self.before.error.take());
                false
            }
        }
    }

    fn gap(&mut self) {
        self.torn = true;
        if let Some(inner) = &mut self.inner {
            inner.gap();
        }
    }

    fn so_far(&self) -> &Answer {
        self.inner
            .as_ref()
            .map_or(&self.before, |inner| inner.so_far())
    }

    fn finish(self: Box<Self>) -> Answer {
        let before = self.before;
        let Some(inner) = self.inner else {
            return before;
        };
        let mut answer = inner.finish();
        answer.error = answer.error.or(before.error);
        answer
    }
}
