//! A text to go on with: the stream. Each event is a piece of text; the last
//! ones say why it ended and what it took, and some repeat the text whole.

use oisp_core::event::ai::Error;
use serde_json::{Map, Value};

use super::response::{self, LISTS, WireUsage};
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, error_of};
use crate::dialect::json::{Fields, object};

/// Puts pieces together.
#[derive(Default)]
pub(in crate::dialect) struct Stream {
    answer: Answer,
    usage: WireUsage,
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
        if let Some(message) = event.take_text("err") {
            self.answer.error = Some(Error {
                message: Some(message),
                ..Error::default()
            });
        }
        response::head(&mut self.answer, &mut event);
        self.usage = self.usage.merged(&event);
        self.answer.usage = self.usage.draft().or(self.answer.usage.take());
        if let Some(whole) = event.remove("response").filter(Value::is_object) {
            self.end(whole, &mut event);
            return false;
        }
        self.pieces(event)
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
    fn pieces(&mut self, mut event: Map<String, Value>) -> bool {
        let list = LISTS
            .into_iter()
            .find(|list| event.get(*list).is_some_and(Value::is_array));
        let Some(list) = list else {
            let index = event.number("index").unwrap_or(0);
            return self.piece(index, event);
        };
        let mut content = false;
        for (position, item) in event.take_items(list).into_iter().enumerate() {
            let item = match item {
                Value::String(text) => Map::from_iter([("text".to_owned(), Value::String(text))]),
                item => object(item),
            };
            let index = item.number("index").unwrap_or(position as u64);
            content |= self.piece(index, item);
        }
        content
    }

    fn piece(&mut self, index: u64, mut piece: Map<String, Value>) -> bool {
        let mut details = piece.take_object("details").unwrap_or_default();
        let end = response::end(&mut piece).or_else(|| response::end(&mut details));
        let token = piece.take_object("token");
        // The last event of text-generation-inference repeats the text.
        let whole = token
            .as_ref()
            .and_then(|_| piece.take_text("generated_text"));
        let more = match token {
            Some(token) if token.get("special") == Some(&Value::Bool(true)) => None,
            Some(mut token) => token.take_text("text"),
            None => response::text(&mut piece).filter(|text| !text.is_empty()),
        };
        if more.is_none() && end.is_none() {
            return false;
        }
        let torn = self.torn;
        let draft = self.answer.choice(index);
        let content = more.is_some() && !torn;
        if let Some(more) = more.filter(|_| !torn) {
            draft.text.push_str(&more);
        }
        if let Some(whole) = whole {
            draft.text = whole;
        }
        response::finish(draft, end);
        content
    }

    /// The last event, which may repeat the alternatives whole.
    fn end(&mut self, whole: Value, event: &mut Map<String, Value>) {
        let mut whole = response::answer(whole);
        let reason = response::end(event);
        for (index, repeated) in std::mem::take(&mut whole.choices) {
            let draft = self.answer.choice(index);
            if !repeated.text.is_empty() {
                draft.text = repeated.text;
            }
            response::finish(draft, repeated.finish_raw);
        }
        let open = |draft: &&mut ChoiceDraft| draft.finish.is_none();
        for draft in self.answer.choices.values_mut().filter(open) {
            response::finish(draft, reason.clone());
        }
        self.answer.id = self.answer.id.take().or(whole.id);
        self.answer.usage = whole.usage.or(self.answer.usage.take());
    }
}
