//! A run with `stream: true`: the run's states, and between them deltas of
//! messages and of the calls of tools.

use serde_json::{Map, Value, json};

use super::response;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, error_of, error_of_failure};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        let error = match name {
            Some("error") => error_of_failure(&data),
            _ => error_of(&data),
        };
        if error.is_some() {
            self.answer.error = error;
            return false;
        }
        let mut event = object(data);
        match event.take_text("object").as_deref() {
            Some("thread.run") => response::run(&mut self.answer, event),
            Some("thread.message.delta") if !self.torn => {
                let delta = event.take_object("delta").unwrap_or_default();
                return add_message(self.answer.choice(0), delta);
            }
            Some("thread.run.step.delta") if !self.torn => {
                let delta = event.take_object("delta").unwrap_or_default();
                return add_step(self.answer.choice(0), delta);
            }
            _ => {}
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

fn add_message(draft: &mut ChoiceDraft, mut delta: Map<String, Value>) -> bool {
    let before = draft.text.len() + draft.refusal.len() + draft.parts.len();
    for part in delta.take_items("content") {
        let mut part = object(part);
        if let Some(mut text) = part.take_object("text") {
            draft
                .text
                .push_str(&text.take_text("value").unwrap_or_default());
            let sources = text.take_items("annotations");
            draft.parts.extend(openai::citations("citations", sources));
        }
        draft
            .refusal
            .push_str(&part.take_text("refusal").unwrap_or_default());
    }
    draft.text.len() + draft.refusal.len() + draft.parts.len() > before
}

fn add_step(draft: &mut ChoiceDraft, mut delta: Map<String, Value>) -> bool {
    let mut details = delta.take_object("step_details").unwrap_or_default();
    let calls = details.take_items("tool_calls");
    let content = !calls.is_empty();
    for call in calls {
        add_call(draft, object(call));
    }
    content
}

/// Adds a delta of a call. What the assistant runs itself has its arguments
/// below the name of its kind.
fn add_call(draft: &mut ChoiceDraft, mut call: Map<String, Value>) {
    let index = call.number("index").unwrap_or(0);
    let id = call.take_text("id");
    let kind = call.take_text("type").unwrap_or_default();
    let mut inner = call.take_object(&kind).unwrap_or_default();
    if let Some(outputs) = inner
        .remove("outputs")
        .filter(|outputs| outputs != &json!([]))
    {
        let part = openai::server_tool_response(id.as_deref(), outputs);
        draft.parts.push(part);
    }
    let more = inner
        .take_text("arguments")
        .or_else(|| inner.take_text("input"))
        .unwrap_or_default();
    let known = draft
        .tools
        .iter_mut()
        .rfind(|tool| tool.index == index && (id.is_none() || tool.id.is_none() || tool.id == id));
    match known {
        Some(tool) => tool.arguments.push_str(&more),
        None => draft.tools.push(ToolDraft {
            index,
            id,
            name: inner.take_text("name").unwrap_or_else(|| kind.clone()),
            kind,
            arguments: more,
        }),
    }
}
