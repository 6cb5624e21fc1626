//! APIs that speak over a WebSocket: many calls, one connection.
//!
//! A [`Socket`] reads the messages of both sides and tells which of them ask,
//! which answer, and which call they belong to. It keeps the session's state as
//! far as a call refers to it.

mod audio;
mod history;

use oisp_core::Timestamp;
use serde_json::Value;

use super::route::unescaped;
use super::{Call, Dialect, gemini_live, openai_realtime, openai_responses, without_query};
use crate::http::{Half, RequestHead};
pub(super) use audio::Audio;
pub(super) use history::History;

/// The state of one session.
pub trait Socket {
    /// The dialect that reads its answers.
    fn dialect(&self) -> &'static dyn Dialect;

    /// Takes a message of one side.
    fn message(&mut self, half: Half, heard: Heard, out: &mut Vec<Action>);

    /// A message of the client could not be read whole; `start` is what it
    /// begins with, as far as that is known.
    fn unreadable(&mut self, began: Timestamp, start: &[u8], out: &mut Vec<Action>);

    /// A message of the server could not be read whole; `start` is what it
    /// begins with, as far as that is known. That the answers under way have a
    /// hole is told to them.
    fn torn(&mut self, _start: &[u8], _out: &mut Vec<Action>) {}

    /// Nothing more will be read of what the client says.
    fn client_lost(&mut self) {}

    /// A call refers to messages before the one that asks: it is not whole where
    /// one of them is not.
    fn keeps_state(&self) -> bool {
        false
    }
}

/// A message as it came.
pub struct Heard {
    /// When its first byte was captured.
    pub began: Timestamp,
    /// Its JSON.
    pub data: Value,
}

/// What a message does.
pub enum Action {
    /// It begins the call of that name.
    Ask {
        /// Names the call within the session.
        call: u64,
        /// When its first byte was captured.
        began: Timestamp,
        /// What it asks for; `None` where that could not be read.
        asked: Option<Box<Call>>,
    },
    /// It is a part of the answer.
    Answer {
        /// The call that it answers.
        call: u64,
        /// The part, as the dialect's stream takes it.
        data: Value,
    },
    /// The answer is whole.
    End {
        /// The call that it answers.
        call: u64,
    },
    /// The end of the answer was not captured.
    Lost {
        /// The call that was answered.
        call: u64,
    },
}

/// The value of a parameter of the query.
pub(super) fn query_of(head: &RequestHead, name: &str) -> Option<String> {
    let (_, query) = head.path.as_deref()?.split_once('?')?;
    let mut parameters = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = parameters.find(|(key, _)| *key == name)?;
    Some(unescaped(value)).filter(|value| !value.is_empty())
}

/// True where an unreadable message begins like one of that type.
pub(super) fn begins_like(start: &[u8], kind: &str) -> bool {
    const TYPE_STANDS_WITHIN: usize = 256;
    let start = start.get(..TYPE_STANDS_WITHIN).unwrap_or(start);
    memchr::memmem::find(start, format!("\"{kind}\"").as_bytes()).is_some()
}

/// The API that an upgrade to WebSocket begins, by its path.
pub fn socket(head: &RequestHead) -> Option<Box<dyn Socket + Send>> {
    let path = head.path.as_deref().map(without_query)?;
    if path.ends_with("/responses") {
        return Some(Box::<openai_responses::ResponsesSocket>::default());
    }
    if path.contains(".BidiGenerateContent") || path.ends_with("/BidiGenerateContent") {
        return Some(Box::new(gemini_live::LiveSocket::new(head)));
    }
    if path.ends_with("/realtime") {
        return Some(Box::new(openai_realtime::RealtimeSocket::new(head)));
    }
    None
}
