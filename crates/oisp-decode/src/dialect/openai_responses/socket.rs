//! Responses over a WebSocket: each `response.create` of the client is a call,
//! answered by the events that a stream over HTTP has. The server answers one
//! call after the other, in the order that they were asked in.

use std::collections::VecDeque;

use oisp_core::Timestamp;
use serde_json::Value;

use super::{CREATE, request};
use crate::dialect::json::{Fields, object};
use crate::dialect::socket::begins_like;
use crate::dialect::{Action, Dialect, Heard, Socket};
use crate::http::Half;

/// Messages that ask for an answer.
const ASKS: [&str; 2] = ["response.create", "response.append"];
/// Most calls that wait; a client has one.
const MAX_WAITING: usize = 64;

#[derive(Default)]
pub(in crate::dialect) struct ResponsesSocket {
    next: u64,
    /// The calls that are not answered, the oldest first; `None` for what may
    /// have been one and was not captured.
    waiting: VecDeque<Option<u64>>,
    /// The id of the answer to the oldest.
    under_way: Option<String>,
    /// The id of the answer that ended last.
    ended: Option<String>,
}

impl Socket for ResponsesSocket {
    fn dialect(&self) -> &'static dyn Dialect {
        &CREATE
    }

    fn message(&mut self, half: Half, heard: Heard, out: &mut Vec<Action>) {
        match half {
            Half::Request => self.asked(heard, out),
            Half::Response => self.answered(heard.data, out),
        }
    }

    fn unreadable(&mut self, began: Timestamp, start: &[u8], out: &mut Vec<Action>) {
        if ASKS.iter().any(|kind| begins_like(start, kind)) {
            self.ask(began, None, out);
        } else {
            self.wait_for(None);
        }
    }
}

impl ResponsesSocket {
    fn asked(&mut self, heard: Heard, out: &mut Vec<Action>) {
        let mut body = object(heard.data);
        let kind = body.take_text("type").unwrap_or_default();
        if !ASKS.contains(&kind.as_str()) {
            return;
        }
        let body = body.take_object("response").unwrap_or(body);
        let mut call = request::call(Value::Object(body));
        call.streaming = Some(true);
        self.ask(heard.began, Some(Box::new(call)), out);
    }

    fn ask(
        &mut self,
        began: Timestamp,
        asked: Option<Box<crate::dialect::Call>>,
        out: &mut Vec<Action>,
    ) {
        let call = self.next;
        self.next += 1;
        self.wait_for(Some(call));
        out.push(Action::Ask { call, began, asked });
    }

    fn wait_for(&mut self, call: Option<u64>) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(call);
        }
    }

    fn answered(&mut self, data: Value, out: &mut Vec<Action>) {
        let kind = data.get("type").and_then(Value::as_str).unwrap_or_default();
        let id = data.pointer("/response/id").and_then(Value::as_str);
        let is_last = match kind {
            "response.completed" | "response.failed" | "response.incomplete" | "error" => true,
            kind if kind.starts_with("response.") => false,
            _ => return,
        };
        if id.is_some() && id == self.ended.as_deref() {
            return;
        }
        if let Some(id) = id
            && self.under_way.as_deref().is_some_and(|other| other != id)
        {
            self.end(out, |call| Action::Lost { call });
        }
        if let Some(id) = id {
            self.under_way = Some(id.to_owned());
        }
        let Some(front) = self.waiting.front() else {
            return;
        };
        if let Some(call) = *front {
            out.push(Action::Answer { call, data });
        }
        if is_last {
            self.end(out, |call| Action::End { call });
        }
    }

    /// The answer to the oldest call is over.
    fn end(&mut self, out: &mut Vec<Action>, action: impl FnOnce(u64) -> Action) {
        self.ended = self.under_way.take();
        out.extend(self.waiting.pop_front().flatten().map(action));
    }
}
