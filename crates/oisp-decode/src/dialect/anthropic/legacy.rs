//! `POST /v1/complete`, the text completions before the messages API. Its
//! answers tell no usage.

use oisp_core::event::ai::FinishReason;
use serde_json::{Map, Value};

use super::request;
use crate::dialect::answer::{Answer, error_of};
use crate::dialect::call::{Call, MessageBuilder};
use crate::dialect::json::{Fields, object};
use crate::dialect::{AnswerStream, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect.
pub(in crate::dialect) struct Complete;

impl Dialect for Complete {
    fn name(&self) -> &'static str {
        "anthropic.complete"
    }

    fn operation(&self) -> Operation {
        Operation::COMPLETION
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        let mut body = object(body);
        let mut builder = MessageBuilder::default();
        if let Some(prompt) = body.take_text("prompt") {
            builder.text(prompt);
        }
        Call {
            messages: vec![builder.build("user")],
            attrs: request::attrs(&mut body),
            model: body.take_text("model"),
            streaming: body.get("stream").and_then(Value::as_bool),
            parameters: request::parameters(&mut body, "max_tokens_to_sample"),
            ..Call::default()
        }
    }

    fn answer(&self, body: Value) -> Answer {
        let mut stream = Stream::default();
        stream.event(None, body);
        stream.answer
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<Stream>::default()
    }
}

#[derive(Default)]
struct Stream {
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
        let mut body = object(data);
        self.answer.id = body.take_text("id").or(self.answer.id.take());
        self.answer.model = body.take_text("model").or(self.answer.model.take());
        match body.get_mut("completion").map(Value::take) {
            Some(Value::String(text)) => self.text(text, &mut body),
            _ => false,
        }
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
    /// Events bring what is new; those of the API's first version, which alone
    /// have `truncated`, repeat the text so far.
    fn text(&mut self, text: String, body: &mut Map<String, Value>) -> bool {
        let draft = self.answer.choice(0);
        let is_content = !text.is_empty();
        if body.contains_key("truncated") {
            draft.text = text;
        } else if !self.torn {
            draft.text.push_str(&text);
        }
        if let Some(raw) = body.take_text("stop_reason") {
            draft.finish = Some(match raw.as_str() {
                "stop_sequence" => FinishReason::Stop,
                "max_tokens" => FinishReason::Length,
                _ => FinishReason::Other,
            });
            draft.finish_raw = Some(raw);
        }
        is_content
    }
}
