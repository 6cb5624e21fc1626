//! `POST /v1/chat/completions` with `stream: true`: chunks of deltas, the usage
//! in a last chunk without choices, then `[DONE]`.

use serde_json::{Map, Value};

use super::response;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, error_of};
use crate::dialect::json::{Fields, object};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, _name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
        }
        let mut chunk = object(data);
        response::head(&mut self.answer, &mut chunk);
        // Groq puts the usage of a stream here.
        if let Some(mut extra) = chunk.take_object("x_groq") {
            extra.remove("id");
            response::head(&mut self.answer, &mut extra);
        }
        let mut content = false;
        for choice in chunk.take_items("choices") {
            let mut choice = object(choice);
            let draft = self.answer.choice(choice.number("index").unwrap_or(0));
            let mut delta = choice.take_object("delta").unwrap_or_default();
            if !self.torn {
                content |= add_delta(draft, &mut delta);
            }
            response::finish(draft, choice.take_text("finish_reason"));
        }
        content
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

/// Adds a delta; true where it carried content.
fn add_delta(draft: &mut ChoiceDraft, delta: &mut Map<String, Value>) -> bool {
    let before = draft.text.len() + draft.refusal.len() + draft.thinking.len();
    response::text(&mut draft.text, delta.get_mut("content").map(Value::take));
    draft
        .refusal
        .push_str(&delta.take_text("refusal").unwrap_or_default());
    draft
        .thinking
        .push_str(&response::thinking(delta).unwrap_or_default());
    let mut content = draft.text.len() + draft.refusal.len() + draft.thinking.len() > before;
    for call in delta.take_items("tool_calls") {
        add_tool_delta(draft, object(call));
        content = true;
    }
    if let Some(function) = delta.take_object("function_call") {
        add_function(tool_at(draft, 0, None), function);
        content = true;
    }
    content
}

fn add_tool_delta(draft: &mut ChoiceDraft, mut call: Map<String, Value>) {
    let id = call.take_text("id");
    let last = draft.tools.last().map(|tool| tool.index);
    let index = call.number("index").or(match &id {
        // Compatible servers that leave the index out start a call by its id.
        Some(_) => last.map(|last| last + 1),
        None => last,
    });
    let tool = tool_at(draft, index.unwrap_or(0), id);
    if let Some(function) = call.take_object("function") {
        add_function(tool, function);
    }
    if let Some(mut custom) = call.take_object("custom") {
        tool.name
            .push_str(&custom.take_text("name").unwrap_or_default());
        tool.arguments
            .push_str(&custom.take_text("input").unwrap_or_default());
    }
}

/// The call at a position. A new id at a position that has another one is a
/// new call: some servers give every call the index 0.
fn tool_at(draft: &mut ChoiceDraft, index: u64, id: Option<String>) -> &mut ToolDraft {
    let known = draft.tools.iter().rposition(|tool| tool.index == index);
    let same =
        known.filter(
            |at| match (&id, draft.tools.get(*at).and_then(|tool| tool.id.as_ref())) {
                (Some(new), Some(old)) => new == old,
                _ => true,
            },
        );
    let at = same.unwrap_or_else(|| {
        draft.tools.push(ToolDraft {
            index,
            kind: "function".into(),
            ..ToolDraft::default()
        });
        draft.tools.len() - 1
    });
    #[expect(
        clippy::indexing_slicing,
        reason = "`at` was found in the list or just pushed to it"
    )]
    let tool = &mut draft.tools[at];
    if tool.id.is_none() {
        tool.id = id;
    }
    tool
}

fn add_function(tool: &mut ToolDraft, mut function: Map<String, Value>) {
    if let Some(name) = function.take_text("name").filter(|name| *name != tool.name) {
        tool.name.push_str(&name);
    }
    match function.get_mut("arguments").map(Value::take) {
        Some(Value::String(more)) => tool.arguments.push_str(&more),
        Some(object @ Value::Object(_)) => tool.arguments = object.to_string(),
        _ => {}
    }
}
