//! Gemini Live (`BidiGenerateContent`) over WebSocket: a session with text,
//! audio and pictures of the user, and answers that are asked for by a turn of
//! the client, by the results of functions, or begun by the server when the user
//! stops speaking.
//!
//! What its messages hold has the form that `:generateContent` gives it; they
//! are read by that dialect.

mod socket;
mod stream;

use serde_json::Value;

use super::gemini::GenerateContent;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;
pub(super) use socket::LiveSocket;

/// The dialect.
pub(super) struct GeminiLive;

impl Dialect for GeminiLive {
    fn name(&self) -> &'static str {
        "gemini.live"
    }

    fn operation(&self) -> Operation {
        Operation::GENERATE_CONTENT
    }

    /// Reads what a session's setup says of each of its calls.
    fn call(&self, head: &RequestHead, body: Value) -> Call {
        let mut call = GenerateContent.call(head, body);
        call.streaming = Some(true);
        call
    }

    fn answer(&self, body: Value) -> Answer {
        let mut stream = self.stream();
        stream.event(None, body);
        stream.finish()
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(stream::Stream::new())
    }
}
