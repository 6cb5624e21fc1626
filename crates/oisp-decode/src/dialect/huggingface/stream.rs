//! The stream of text generation inference: a token an event; the last one
//! repeats the text and has the details.

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
            return false;
        }
        let mut event = object(data);
        let whole = event.take_text("generated_text");
        let details = event.take_object("details").unwrap_or_default();
        let Some(mut token) = event.take_object("token") else {
            return false;
        };
        let draft = self.answer.choice(0);
        let is_special = token.get("special").and_then(Value::as_bool) == Some(true);
        let text = token.take_text("text").filter(|_| !is_special);
        let is_content = text.is_some();
        match (whole, text) {
            (Some(whole), _) => draft.text = whole,
            (None, Some(text)) if !self.torn => draft.text.push_str(&text),
            _ => {}
        }
        response::finish(draft, &details);
        self.answer.usage = response::usage(&details).or(self.answer.usage.take());
        is_content
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
