//! Replicate's stream: `output` events of plain text, then `done`.

use serde_json::Value;

use super::response;
use crate::dialect::answer::Answer;
use crate::dialect::json::{Fields, object};
use crate::dialect::{AnswerStream, parts};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, _name: Option<&str>, _data: Value) -> bool {
        false
    }

    fn text_event(&mut self, name: Option<&str>, text: &str) -> Option<bool> {
        match name {
            Some("output") if !self.torn => {
                let draft = self.answer.choice(0);
                if super::request::is_url(text) {
                    draft.parts.push(parts::uri("file", text));
                } else {
                    draft.text.push_str(text);
                }
                return Some(!text.is_empty());
            }
            Some("error") => self.answer.error = Some(response::failure(text)),
            Some("done") => self.done(text),
            _ => {}
        }
        Some(false)
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
    /// `{}` after a good end, else why it ended.
    fn done(&mut self, text: &str) {
        let data = serde_json::from_str::<Value>(text).unwrap_or_default();
        let status = match object(data).take_text("reason").as_deref() {
            None => "succeeded",
            Some("error") => "failed",
            Some(_) => "canceled",
        };
        let draft = self.answer.choice(0);
        if let Some((raw, reason)) = response::finish(status.to_owned()) {
            draft.finish = Some(reason);
            draft.finish_raw = Some(raw);
        }
    }
}
