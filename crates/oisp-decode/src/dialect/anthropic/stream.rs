//! `POST /v1/messages` with `stream: true`: `message_start` to `message_stop`,
//! content blocks that begin, grow by deltas and stop.

use serde_json::{Map, Value, json};

use super::usage::{self, WireUsage};
use super::{block, response};
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, error_of};
use crate::dialect::json::{Fields, object};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    usage: WireUsage,
    /// Blocks of calls that began with their input: deltas, where they come all
    /// the same, say it again.
    given: Vec<u64>,
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
        let kind = event
            .take_text("type")
            .or_else(|| name.map(str::to_owned))
            .unwrap_or_default();
        let index = event.number("index").unwrap_or(0);
        match kind.as_str() {
            "message_start" => self.start(event.take_object("message").unwrap_or_default()),
            "content_block_start" if !self.torn => {
                let block = event.take_object("content_block").unwrap_or_default();
                return self.start_block(index, block);
            }
            "content_block_delta" if !self.torn => {
                let delta = event.take_object("delta").unwrap_or_default();
                return self.delta(index, delta);
            }
            "content_block_stop" if !self.torn => {
                let tools = self.answer.choice(0).tools.iter_mut();
                tools
                    .filter(|tool| tool.index == index)
                    .for_each(response::complete_tool);
            }
            "message_delta" => self.message_delta(event),
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

impl Stream {
    fn start(&mut self, mut message: Map<String, Value>) {
        response::head(&mut self.answer, &mut message);
        self.answer.choice(0);
        let mut usage = message.take_object("usage");
        // The output count is provisional here: in a stream that is cut before
        // its end it would be a wrong total.
        if let Some(usage) = &mut usage {
            usage.remove("output_tokens");
            usage.remove("output_tokens_details");
        }
        self.merge_usage(usage);
    }

    fn start_block(&mut self, index: u64, block: Map<String, Value>) -> bool {
        let is_content = response::add_block(&mut self.answer, index, block);
        let call = self.answer.choice(0).tools.last();
        let has_input = call.is_some_and(|call| call.index == index && !call.arguments.is_empty());
        self.given.extend(has_input.then_some(index));
        is_content
    }

    fn delta(&mut self, index: u64, delta: Map<String, Value>) -> bool {
        let draft = self.answer.choice(0);
        let brings_input = delta
            .get("partial_json")
            .is_some_and(|json| json.as_str().is_some_and(|json| !json.is_empty()));
        let again = self.given.iter().position(|given| *given == index);
        if let Some(at) = again.filter(|_| brings_input) {
            self.given.swap_remove(at);
            if let Some(call) = draft.tools.iter_mut().rfind(|call| call.index == index) {
                call.arguments.clear();
            }
        }
        add_delta(draft, index, delta)
    }

    fn message_delta(&mut self, mut event: Map<String, Value>) {
        let mut delta = event.take_object("delta").unwrap_or_default();
        response::finish(&mut self.answer, &mut delta);
        self.merge_usage(event.take_object("usage"));
    }

    fn merge_usage(&mut self, wire: Option<Map<String, Value>>) {
        let Some(mut wire) = wire else { return };
        self.usage = self.usage.merged(&wire);
        self.answer.usage = self.usage.draft();
        usage::add_attrs(&mut self.answer, &mut wire);
    }
}

/// Adds a delta to the block that it names; true where it carried content.
fn add_delta(draft: &mut ChoiceDraft, index: u64, mut delta: Map<String, Value>) -> bool {
    let kind = delta.take_text("type").unwrap_or_default();
    let (target, key) = match kind.as_str() {
        "text_delta" => (&mut draft.text, "text"),
        "thinking_delta" => (&mut draft.thinking, "thinking"),
        "input_json_delta" => match draft.tools.iter_mut().rfind(|tool| tool.index == index) {
            Some(tool) => (&mut tool.arguments, "partial_json"),
            None => return false,
        },
        "citations_delta" => {
            draft
                .parts
                .extend(delta.remove("citation").map(block::citation));
            return false;
        }
        "compaction_delta" => {
            if let Some(summary) = delta.take_text("content") {
                add_summary(draft, summary);
            }
            return false;
        }
        _ => return false,
    };
    let more = delta.take_text(key);
    target.push_str(more.as_deref().unwrap_or_default());
    more.is_some()
}

/// The summary of a compaction, which comes whole after its block has begun.
fn add_summary(draft: &mut ChoiceDraft, summary: String) {
    let begun = draft
        .parts
        .iter_mut()
        .rfind(|part| part.get("type").and_then(Value::as_str) == Some("compaction"));
    let part = json!({"type": "compaction", "content": summary});
    match begun {
        Some(begun) => *begun = part,
        None => draft.parts.push(part),
    }
}
