//! The web client of Claude. Its API is not public: what is read here was seen
//! by others and may change.

use serde_json::Value;

use super::answer::{Answer, error_of};
use super::anthropic::Anthropic;
use super::call::{Call, MessageBuilder};
use super::json::{Fields, object};
use super::parts;
use super::route::{Route, unescaped, without_query};
use super::{AnswerStream, Dialect};
use crate::http::RequestHead;
use oisp_core::event::Level;
use oisp_core::event::ai::FinishReason;

/// The dialect.
pub(super) struct ClaudeWeb;

/// The conversation in `/api/organizations/…/chat_conversations/ID/completion`.
fn conversation_in(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("/api/organizations/")?;
    let (_, rest) = rest.split_once("/chat_conversations/")?;
    let (id, what) = rest.split_once('/')?;
    let fits = !id.is_empty() && matches!(what, "completion" | "retry_completion");
    fits.then(|| unescaped(id))
}

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let fits = conversation_in(route.path).is_some() && route.may_have("prompt");
    fits.then_some(&ClaudeWeb)
}

fn call(head: &RequestHead, body: Value) -> Call {
    let path = head.path.as_deref().map(without_query).unwrap_or_default();
    let mut body = object(body);
    let mut builder = MessageBuilder::default();
    if let Some(prompt) = body.take_text("prompt") {
        builder.text(prompt);
    }
    for file in body.take_items("attachments") {
        let part = match object(file).take_text("file_name") {
            Some(name) => serde_json::json!({"type": "attachment", "name": name}),
            None => parts::generic("attachment"),
        };
        builder.part(part);
    }
    for file in body.take_items("files") {
        if let Value::String(id) = file {
            builder.part(parts::file(&id));
        }
    }
    Call {
        model: body.take_text("model"),
        streaming: Some(true),
        messages: vec![builder.build("user")],
        session: conversation_in(path),
        ..Call::default()
    }
}

impl Dialect for ClaudeWeb {
    fn name(&self) -> &'static str {
        "claude.web"
    }

    fn level(&self) -> Level {
        Level::Low
    }

    fn provider(&self) -> Option<&'static str> {
        Some("anthropic")
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        Answer {
            error: error_of(&body),
            ..Answer::default()
        }
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<Stream>::default()
    }
}

/// Events named `completion`, or those of the public API.
#[derive(Default)]
struct Stream {
    answer: Answer,
    messages: Option<Box<dyn AnswerStream + Send>>,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if let Some(messages) = &mut self.messages {
            return messages.event(name, data);
        }
        let kind = data.get("type").and_then(Value::as_str).or(name);
        match kind {
            Some("message_start" | "content_block_start") => {
                let mut messages = Anthropic.stream();
                if self.torn {
                    messages.gap();
                }
                let content = messages.event(name, data);
                self.messages = Some(messages);
                content
            }
            Some("completion") => self.completion(data),
            _ => {
                self.answer.error = error_of(&data).or(self.answer.error.take());
                false
            }
        }
    }

    fn gap(&mut self) {
        self.torn = true;
        if let Some(messages) = &mut self.messages {
            messages.gap();
        }
    }

    fn so_far(&self) -> &Answer {
        match &self.messages {
            Some(messages) => messages.so_far(),
            None => &self.answer,
        }
    }

    fn finish(self: Box<Self>) -> Answer {
        match self.messages {
            Some(messages) => messages.finish(),
            None => self.answer,
        }
    }
}

impl Stream {
    fn completion(&mut self, data: Value) -> bool {
        let mut event = object(data);
        self.answer.id = event.take_text("id").or(self.answer.id.take());
        self.answer.model = event.take_text("model").or(self.answer.model.take());
        let draft = self.answer.choice(0);
        if let Some(raw) = event.take_text("stop_reason") {
            draft.finish = Some(match raw.as_str() {
                "stop_sequence" | "end_turn" => FinishReason::Stop,
                "max_tokens" => FinishReason::Length,
                _ => FinishReason::Other,
            });
            draft.finish_raw = Some(raw);
        }
        let text = event.take_text("completion").filter(|_| !self.torn);
        draft.text.push_str(text.as_deref().unwrap_or_default());
        text.is_some()
    }
}
