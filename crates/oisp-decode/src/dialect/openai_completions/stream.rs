//! `POST /v1/completions` with `stream: true`: chunks in the form of the
//! answer, then `[DONE]`.

use serde_json::Value;

use super::response;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, error_of_failure};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if name == Some("error") {
            self.answer.error = error_of_failure(&data);
            return false;
        }
        response::add(&mut self.answer, data, self.torn)
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
