//! Cursor. Its messages are protocol buffers whose schema is not public and
//! changes: that a call was made is told, what it says is not guessed.

use oisp_core::event::Level;
use serde_json::Value;

use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct Cursor;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let (service, method) = route.path.strip_prefix('/')?.split_once('/')?;
    let is_stream = service.starts_with("aiserver.v1.") && method.starts_with("Stream");
    let is_agent = service == "agent.v1.AgentService" && method.starts_with("Run");
    (is_stream || is_agent).then_some(&Cursor)
}

impl Dialect for Cursor {
    fn name(&self) -> &'static str {
        "cursor"
    }

    fn level(&self) -> Level {
        Level::Low
    }

    fn call(&self, _head: &RequestHead, _body: Value) -> Call {
        Call::default()
    }

    fn answer(&self, _body: Value) -> Answer {
        Answer::default()
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<Stream>::default()
    }
}

/// Reads nothing but the error that Connect ends a stream with.
#[derive(Default)]
struct Stream {
    answer: Answer,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if name == Some("end") {
            self.answer.error = super::answer::error_of(&data);
        }
        false
    }

    fn gap(&mut self) {}

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(self: Box<Self>) -> Answer {
        self.answer
    }
}
