//! `POST /api/v1/chat` with `stream: true`: pieces, and at the end the whole
//! answer.

use serde_json::Value;

use super::response;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, error_of};
use crate::dialect::json::{Fields, object};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
        }
        let mut event = object(data);
        let kind = event.take_text("type").or_else(|| name.map(str::to_owned));
        match kind.as_deref() {
            Some("chat.start") => self.answer.model = event.take_text("model_instance_id"),
            Some("chat.end") => self.end(event.remove("result").unwrap_or_default()),
            Some(kind @ ("message.delta" | "reasoning.delta")) if !self.torn => {
                let draft = self.answer.choice(0);
                let target = match kind {
                    "message.delta" => &mut draft.text,
                    _ => &mut draft.thinking,
                };
                let more = event.take_text("content");
                target.push_str(more.as_deref().unwrap_or_default());
                return more.is_some();
            }
            // The arguments come whole.
            Some("tool_call.arguments") if !self.torn => {
                let tools = &mut self.answer.choice(0).tools;
                tools.push(response::tool_call(tools.len() as u64, event));
                return true;
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

impl Stream {
    /// The end repeats all, errors apart.
    fn end(&mut self, result: Value) {
        if !result.is_object() {
            return;
        }
        let error = self.answer.error.take();
        self.answer = response::answer(result);
        self.answer.error = error.or(self.answer.error.take());
    }
}
