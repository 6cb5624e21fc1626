//! Calls, exchanges, sessions and processes that end; sessions that get a name.

use oisp_core::event::agent::ToolError;
use oisp_core::{Event, Timestamp};
use serde_json::{Map, Value};

use super::{Heard, Sessions};
use crate::emit::Emitter;
use crate::mcp::asked::cancelled;
use crate::mcp::message::RpcError;
use crate::mcp::place::{Key, Place};
use crate::mcp::waiting::{Open, cut};

impl Sessions {
    /// The place has a session by now: what its exchange asked belongs to it.
    pub fn enter(&mut self, place: &mut Place, session: &str, emitter: &Emitter<'_>) {
        let from = place.link;
        place.enter(Some(session));
        let (conn, exchange) = (*emitter.conn, emitter.exchange);
        self.names.enter(from, place.link);
        self.waiting
            .enter(place.link, |open| open.is_of(&conn, exchange));
    }

    /// Ends what an exchange asked and nobody answered.
    pub fn end_exchange(
        &mut self,
        reason: &str,
        at: Timestamp,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let (conn, exchange) = (*emitter.conn, emitter.exchange);
        let is_of = |open: &Open| open.is_of(&conn, exchange);
        self.waiting.end(is_of, reason, at, emitter, out);
    }

    /// Ends what a session asked and nobody answered.
    pub fn end_session(
        &mut self,
        link: Key,
        reason: &str,
        at: Timestamp,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let is_of = |open: &Open| open.link == link;
        self.waiting.end(is_of, reason, at, emitter, out);
    }

    /// Ends what a process asked and nobody answered; all that is left where
    /// none is named.
    pub fn end_process(
        &mut self,
        pid: Option<u32>,
        reason: &str,
        at: Timestamp,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let is_of = |open: &Open| pid.is_none_or(|pid| open.conn.pid == pid);
        self.waiting.end(is_of, reason, at, emitter, out);
    }

    /// The HTTP request of an exchange failed as a whole.
    pub fn fail_exchange(
        &mut self,
        status: u16,
        heard: &Heard<'_>,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let (conn, exchange) = (*emitter.conn, emitter.exchange);
        let is_of = |open: &Open| open.is_of(&conn, exchange);
        for open in self.waiting.take(is_of) {
            let error = RpcError {
                code: Some(status.to_string()),
                message: None,
            };
            self.finish(heard, open, Err(error), emitter, out);
        }
    }

    /// The side that asked does not want the answer any more.
    pub(super) fn cancel(
        &mut self,
        heard: &Heard<'_>,
        params: &Map<String, Value>,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let Some((id, reason)) = cancelled(params).filter(|_| heard.place.is_one_client) else {
            return;
        };
        let link = heard.place.link;
        let found = self.waiting.take_only(|open| {
            open.link == link && open.written == heard.written && open.id.as_ref() == Some(&id)
        });
        if let Ok(open) = found {
            let error = ToolError {
                kind: Some("cancelled".into()),
                message: reason,
            };
            cut(open, "cancelled", Some(error), heard.at, emitter, out);
        }
    }
}
