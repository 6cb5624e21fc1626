//! OpenAI Realtime over WebSocket, also as Azure and others serve it: a session
//! with text and audio of both sides, and answers that are asked for by the
//! client or begun by the server when the user stops speaking.

mod item;
mod request;
mod response;
mod socket;
mod stream;

use serde_json::Value;

use super::{Answer, AnswerStream, Call, Dialect};
use crate::http::RequestHead;
pub(super) use socket::RealtimeSocket;

/// The dialect.
pub(super) struct OpenAiRealtime;

impl Dialect for OpenAiRealtime {
    fn name(&self) -> &'static str {
        "openai.realtime"
    }

    /// Reads what a session and a `response.create` say together.
    fn call(&self, head: &RequestHead, body: Value) -> Call {
        request::call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
