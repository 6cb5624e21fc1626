//! `POST /v1/images/*` with `stream: true`: pictures that are not done yet,
//! which count for time only, then each picture that is, with the usage.

use serde_json::Value;

use super::response;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, error_of, error_of_failure};
use crate::dialect::json::{Fields, object};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        let error = match name {
            Some("error") => error_of_failure(&data),
            _ => error_of(&data),
        };
        if error.is_some() {
            self.answer.error = error;
            return false;
        }
        let mut event = object(data);
        let kind = event.take_text("type");
        let kind = kind.as_deref().or(name).unwrap_or_default();
        if kind.ends_with(".completed") {
            response::head(&mut self.answer, &mut event);
            let format = event.take_text("output_format");
            response::add_picture(&mut self.answer, event, format.as_deref());
            return true;
        }
        kind.ends_with(".partial_image")
    }

    /// Each event is whole in itself: nothing is joined.
    fn gap(&mut self) {}

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(self: Box<Self>) -> Answer {
        self.answer
    }
}
