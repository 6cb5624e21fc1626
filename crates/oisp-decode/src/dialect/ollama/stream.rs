//! Ollama's stream: an object a line, each with a piece of text, the last with
//! `done`, the reason and the counts. An error is a line of its own.

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
    fn event(&mut self, _name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
        }
        let mut line = object(data);
        response::head(&mut self.answer, &mut line);
        let reason = line.take_text("done_reason");
        if !response::is_spoken(&line) {
            return false;
        }
        let draft = self.answer.choice(0);
        response::finish(draft, reason);
        !self.torn && response::add(draft, &mut line)
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
