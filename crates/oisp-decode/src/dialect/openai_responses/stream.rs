//! `POST /v1/responses` with `stream: true`. The last event repeats the answer
//! whole; what is put together from deltas counts only where it did not come,
//! or came without its items.

use std::collections::BTreeMap;

use oisp_core::event::ai::Error;
use serde_json::{Map, Value};

use super::{item, response};
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft};
use crate::dialect::json::{Fields, object};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// Items that came whole, by position.
    items: BTreeMap<u64, Map<String, Value>>,
    /// The last event came.
    whole: bool,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        let mut event = object(data);
        let kind = event
            .take_text("type")
            .or_else(|| name.map(str::to_owned))
            .unwrap_or_default();
        match kind.as_str() {
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => self.end(event),
            "error" | "response.error" => self.fail(&mut event),
            "" if event.contains_key("error") => self.fail(&mut event),
            "response.created" | "response.queued" | "response.in_progress" => {
                let mut begun = event.take_object("response").unwrap_or_default();
                response::head(&mut self.answer, &mut begun);
                self.answer.choice(0);
            }
            _ if self.whole => {}
            "response.output_item.done" => self.item_done(event),
            _ if self.torn => {}
            kind => return add(self.answer.choice(0), kind, event),
        }
        false
    }

    fn gap(&mut self) {
        self.torn = true;
    }

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(mut self: Box<Self>) -> Answer {
        if !self.whole {
            self.rebuild();
        }
        self.answer
    }
}

impl Stream {
    fn end(&mut self, mut event: Map<String, Value>) {
        let Some(whole) = event.remove("response").filter(Value::is_object) else {
            return;
        };
        let mut last = response::answer(whole);
        let is_empty = last.choices.get(&0).is_none_or(says_nothing);
        if is_empty {
            if last.error.is_none() {
                // Some servers leave the items out here.
                self.rebuild();
            }
            let known = std::mem::take(self.answer.choice(0));
            let end = std::mem::take(last.choice(0));
            *last.choice(0) = ChoiceDraft {
                finish: end.finish,
                finish_raw: end.finish_raw,
                ..known
            };
        }
        last.id = last.id.or(self.answer.id.take());
        last.model = last.model.or(self.answer.model.take());
        last.usage = last.usage.or(self.answer.usage);
        self.answer = last;
        self.whole = true;
    }

    fn fail(&mut self, event: &mut Map<String, Value>) {
        // Some servers put the error inside, as other APIs do.
        let mut error = event
            .take_object("error")
            .unwrap_or_else(|| std::mem::take(event));
        self.answer.error = Some(Error {
            kind: error.take_text("type"),
            message: error.take_text("message"),
            code: error.take_text("code"),
        });
    }

    /// An item that is whole: a call takes the place of what was put together
    /// of it, even behind a hole.
    fn item_done(&mut self, mut event: Map<String, Value>) {
        let (Some(index), Some(item)) = (event.number("output_index"), event.take_object("item"))
        else {
            return;
        };
        let kind = item.get("type").and_then(Value::as_str).unwrap_or_default();
        let is_call = item::is_call(kind);
        if let Some(call) = is_call
            .then(|| item::tool_call(index, kind, &mut item.clone()))
            .flatten()
        {
            let tools = &mut self.answer.choice(0).tools;
            tools.retain(|tool| tool.index != index);
            tools.push(call);
            tools.sort_by_key(|tool| tool.index);
        }
        self.items.insert(index, item);
    }

    /// Puts the answer together from its whole items, where none is missing
    /// before them and they say at least what the deltas said.
    fn rebuild(&mut self) {
        let items = std::mem::take(&mut self.items);
        let mut draft = ChoiceDraft::default();
        for ((index, item), expected) in items.into_iter().zip(0..) {
            if index != expected {
                break;
            }
            response::add_item(&mut draft, index, item);
        }
        let known = self.answer.choice(0);
        let covers = draft.text.starts_with(known.text.as_str())
            && draft.refusal.starts_with(known.refusal.as_str())
            && draft.tools.len() >= known.tools.len();
        if covers && !says_nothing(&draft) {
            let thinking = std::mem::take(&mut known.thinking);
            *known = draft;
            if known.thinking.is_empty() {
                known.thinking = thinking;
            }
        }
    }
}

fn says_nothing(draft: &ChoiceDraft) -> bool {
    draft.text.is_empty()
        && draft.refusal.is_empty()
        && draft.thinking.is_empty()
        && draft.tools.is_empty()
        && draft.parts.is_empty()
}

/// Adds what an event brings; true where that is content.
fn add(draft: &mut ChoiceDraft, kind: &str, mut event: Map<String, Value>) -> bool {
    let index = event.number("output_index").unwrap_or(0);
    let delta = event.take_text("delta").unwrap_or_default();
    match kind {
        "response.output_text.delta" => draft.text.push_str(&delta),
        "response.refusal.delta" => draft.refusal.push_str(&delta),
        "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
            draft.thinking.push_str(&delta)
        }
        "response.reasoning_summary_part.added" if !draft.thinking.is_empty() => {
            draft.thinking.push('\n');
        }
        "response.function_call_arguments.delta"
        | "response.mcp_call_arguments.delta"
        | "response.custom_tool_call_input.delta" => {
            if let Some(tool) = tool_at(draft, index) {
                tool.arguments.push_str(&delta);
            }
        }
        "response.function_call_arguments.done"
        | "response.mcp_call_arguments.done"
        | "response.custom_tool_call_input.done" => {
            let whole = event
                .take_text("arguments")
                .or_else(|| event.take_text("input"));
            if let (Some(tool), Some(whole)) = (tool_at(draft, index), whole) {
                tool.arguments = whole;
            }
        }
        "response.output_item.added" => {
            let mut item = event.take_object("item").unwrap_or_default();
            let kind = item.take_text("type").unwrap_or_default();
            draft.tools.extend(item::tool_call(index, &kind, &mut item));
        }
        // A picture that is not done yet, a line of code.
        "response.image_generation_call.partial_image" => return true,
        kind => return kind.ends_with("_call_code.delta") && !delta.is_empty(),
    }
    !delta.is_empty()
}

fn tool_at(draft: &mut ChoiceDraft, index: u64) -> Option<&mut crate::dialect::answer::ToolDraft> {
    draft.tools.iter_mut().rfind(|tool| tool.index == index)
}
