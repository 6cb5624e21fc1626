//! `POST /v1/responses` with `stream: true`. The last event repeats the answer
//! whole; what is put together from deltas counts only where it did not come.

use oisp_core::event::ai::Error;
use serde_json::{Map, Value};

use super::{item, response};
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft};
use crate::dialect::json::{Fields, object};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
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
            "response.completed" | "response.incomplete" | "response.failed" => self.end(event),
            "error" => self.fail(&mut event),
            "response.created" | "response.in_progress" => {
                let mut begun = event.take_object("response").unwrap_or_default();
                response::head(&mut self.answer, &mut begun);
                self.answer.choice(0);
            }
            _ if self.whole || self.torn => {}
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

    fn finish(self: Box<Self>) -> Answer {
        self.answer
    }
}

impl Stream {
    fn end(&mut self, mut event: Map<String, Value>) {
        if let Some(whole) = event.remove("response").filter(Value::is_object) {
            self.answer = response::answer(whole);
            self.whole = true;
        }
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
        "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
            if let Some(tool) = draft.tools.iter_mut().rfind(|tool| tool.index == index) {
                tool.arguments.push_str(&delta);
            }
        }
        "response.output_item.added" => {
            let mut item = event.take_object("item").unwrap_or_default();
            let kind = item.take_text("type").unwrap_or_default();
            draft.tools.extend(item::tool_call(index, &kind, &mut item));
            return false;
        }
        "response.output_item.done" => {
            let mut item = event.take_object("item").unwrap_or_default();
            let kind = item.take_text("type").unwrap_or_default();
            if let Some(call) = item::tool_call(index, &kind, &mut item) {
                draft.tools.retain(|tool| tool.index != index);
                draft.tools.push(call);
            }
            return false;
        }
        _ => return false,
    }
    !delta.is_empty()
}
