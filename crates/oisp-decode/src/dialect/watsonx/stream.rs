//! The stream of a generation: results with pieces of text, the counts as they
//! grow.

use serde_json::Value;

use super::response::{self, Counts};
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, error_of_failure};
use crate::dialect::json::{Fields, object};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    counts: Counts,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, _name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of_failure(&data) {
            self.answer.error = Some(error);
        }
        let mut event = object(data);
        self.answer.model = event.take_text("model_id").or(self.answer.model.take());
        let mut content = false;
        for result in event.take_items("results") {
            let mut result = object(result);
            self.counts.grow(&result);
            let draft = self.answer.choice(0);
            let text = result.take_text("generated_text").filter(|_| !self.torn);
            content |= text.is_some();
            draft.text.push_str(&text.unwrap_or_default());
            response::finish(draft, result.take_text("stop_reason"));
        }
        self.answer.usage = self.counts.usage();
        content
    }

    fn gap(&mut self) {
        self.torn = true;
    }

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(mut self: Box<Self>) -> Answer {
        // Of an answer whose end did not come, the last count is no total.
        let is_over = |draft: &ChoiceDraft| draft.finish.is_some();
        if self.torn && !self.answer.choices.values().all(is_over) {
            self.answer.usage = self.counts.without_output().usage();
        }
        self.answer
    }
}
