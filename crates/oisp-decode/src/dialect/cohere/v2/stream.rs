//! `POST /v2/chat` with `stream: true`: `message-start` to `message-end`, pieces
//! of content, of the plan, of calls and citations between them.

use oisp_core::event::ai::Error;
use serde_json::{Map, Value};

use super::response;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, error_of};
use crate::dialect::cohere::message;
use crate::dialect::json::{Fields, object};
use crate::dialect::prompt;

/// Puts the events together.
#[derive(Default)]
pub(in crate::dialect) struct Stream {
    answer: Answer,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
            return false;
        }
        let mut event = object(data);
        let kind = event.take_text("type").or_else(|| name.map(str::to_owned));
        let kind = kind.unwrap_or_default();
        let index = event.number("index").unwrap_or(0);
        let mut delta = event.take_object("delta").unwrap_or_default();
        match kind.as_str() {
            "message-start" => {
                self.answer.id = event.take_text("id").or(self.answer.id.take());
                self.answer.choice(0);
            }
            "message-end" => self.end(delta),
            _ if self.torn => {}
            kind => {
                let message = delta.take_object("message").unwrap_or(delta);
                return add(self.answer.choice(0), kind, index, message);
            }
        }
        false
    }

    fn gap(&mut self) {
        self.torn = true;
    }

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(self: Box<Self>) -> Answer {
        self.answer
    }
}

impl Stream {
    fn end(&mut self, mut delta: Map<String, Value>) {
        prompt::finish(self.answer.choice(0), delta.take_text("finish_reason"));
        message::add_usage(&mut self.answer, delta.take_object("usage"));
        if let Some(message) = delta.take_text("error") {
            self.answer.error = Some(Error {
                message: Some(message),
                ..Error::default()
            });
        }
    }
}

/// Adds what an event brings; true where that is content.
fn add(draft: &mut ChoiceDraft, kind: &str, index: u64, mut message: Map<String, Value>) -> bool {
    match kind {
        "content-start" | "content-delta" => {
            let content = message.take_object("content").unwrap_or_default();
            response::add_content(draft, content)
        }
        "tool-plan-delta" => {
            let plan = message.take_text("tool_plan").unwrap_or_default();
            draft.thinking.push_str(&plan);
            !plan.is_empty()
        }
        "tool-call-start" => {
            let call = one(message.remove("tool_calls"));
            draft.tools.push(response::tool_call(index, call));
            true
        }
        "tool-call-delta" => {
            let call = response::tool_call(index, one(message.remove("tool_calls")));
            if let Some(tool) = draft.tools.iter_mut().rfind(|tool| tool.index == index) {
                tool.arguments.push_str(&call.arguments);
            }
            !call.arguments.is_empty()
        }
        "citation-start" => {
            draft
                .parts
                .extend(message::citations(message.remove("citations")));
            false
        }
        _ => false,
    }
}

/// The one object that the documentation shows, or the first of a list.
fn one(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Array(items)) => items.into_iter().next().map(object).unwrap_or_default(),
        Some(value) => object(value),
        None => Map::new(),
    }
}
