//! `:streamGenerateContent`: as server-sent events (`alt=sse`), or as one JSON
//! array whose elements are the events.

use serde_json::Value;

use super::response::Reader;
use super::usage;
use crate::dialect::AnswerStream;
use crate::dialect::answer::Answer;

#[derive(Default)]
pub(super) struct Stream {
    reader: Reader,
    /// Bytes were lost, or the rest never came: further text would be joined
    /// over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, _name: Option<&str>, data: Value) -> bool {
        self.reader.add(data, !self.torn)
    }

    fn gap(&mut self) {
        self.torn = true;
    }

    fn so_far(&self) -> &Answer {
        &self.reader.answer
    }

    fn finish(self: Box<Self>) -> Answer {
        let mut answer = self.reader.answer;
        let ended = answer.choices.values().any(|draft| draft.finish.is_some());
        if self.torn && !ended {
            usage::drop_provisional(&mut answer);
        }
        answer
    }
}
