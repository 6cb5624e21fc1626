//! `POST /v1/messages` with `stream: true`: `message_start` to `message_stop`,
//! content blocks that begin, grow by deltas and stop.

use serde_json::{Map, Value};

use super::response::{self, WireUsage};
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, error_of};
use crate::dialect::json::{Fields, object};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    usage: WireUsage,
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
        match kind.as_str() {
            "message_start" => self.start(event.take_object("message").unwrap_or_default()),
            "content_block_start" if !self.torn => {
                let index = event.number("index").unwrap_or(0);
                let block = event.take_object("content_block").unwrap_or_default();
                let is_tool = block
                    .get("type")
                    .and_then(Value::as_str)
                    .is_some_and(|kind| kind.ends_with("tool_use"));
                response::add_block(self.answer.choice(0), index, block);
                return is_tool;
            }
            "content_block_delta" if !self.torn => {
                let index = event.number("index").unwrap_or(0);
                return self.delta(index, event.take_object("delta").unwrap_or_default());
            }
            "content_block_stop" if !self.torn => {
                let index = event.number("index").unwrap_or(0);
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
        }
        self.merge_usage(usage);
    }

    fn delta(&mut self, index: u64, mut delta: Map<String, Value>) -> bool {
        let draft = self.answer.choice(0);
        let kind = delta.take_text("type").unwrap_or_default();
        let (target, key) = match kind.as_str() {
            "text_delta" => (&mut draft.text, "text"),
            "thinking_delta" => (&mut draft.thinking, "thinking"),
            "input_json_delta" => match draft.tools.iter_mut().rfind(|tool| tool.index == index) {
                Some(tool) => (&mut tool.arguments, "partial_json"),
                None => return false,
            },
            _ => return false,
        };
        let more = delta.take_text(key);
        target.push_str(more.as_deref().unwrap_or_default());
        more.is_some()
    }

    fn message_delta(&mut self, mut event: Map<String, Value>) {
        let reason = event
            .take_object("delta")
            .and_then(|mut delta| delta.take_text("stop_reason"));
        response::finish(self.answer.choice(0), reason);
        self.merge_usage(event.take_object("usage"));
    }

    fn merge_usage(&mut self, wire: Option<Map<String, Value>>) {
        let Some(wire) = wire else { return };
        self.usage = self.usage.merged(&wire);
        self.answer.usage = self.usage.draft();
    }
}
