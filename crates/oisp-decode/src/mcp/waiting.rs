//! Requests that wait for their answers, over all connections.

use oisp_core::event::agent::ToolError;
use oisp_core::{ConnId, Event, Timestamp};

use super::emit::{self, Cut};
use super::message::Id;
use super::place::Key;
use super::sampling::{self, Sampled};
use crate::emit::Emitter;

/// Most requests that wait for an answer at a time; above it the oldest is
/// given up.
pub const MAX_OPEN: usize = 4096;

/// A request that waits for its answer.
pub struct Open {
    /// Its session, or its server.
    pub link: Key,
    /// `None` where only the head of an HTTP request told of it.
    pub id: Option<Id>,
    /// The process wrote it.
    pub written: bool,
    /// Its connection.
    pub conn: ConnId,
    /// Its exchange there.
    pub exchange: u64,
    /// The thread that it came from.
    pub tid: u32,
    /// What it asks for.
    pub what: What,
    /// It became a task: its own id is answered.
    pub task: Option<String>,
}

impl Open {
    /// An exchange asked it, and has yet to answer it: a task is answered in
    /// another one.
    pub fn is_of(&self, conn: &ConnId, exchange: u64) -> bool {
        self.conn == *conn && self.exchange == exchange && self.task.is_none()
    }
}

/// What a request asks for.
pub enum What {
    /// The use of a tool.
    Tool(Box<emit::Open>),
    /// A model.
    Sampling(Box<Sampled>),
    /// Who the other end is.
    Name,
    /// How a task goes on.
    Task(String),
}

/// All of them.
#[derive(Default)]
pub struct Waiting {
    open: Vec<Open>,
}

impl Waiting {
    /// Keeps a request; one that still waits under its id will not be answered
    /// any more.
    pub fn keep(
        &mut self,
        open: Open,
        at: Timestamp,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let is_same = |other: &Open| {
            open.id.is_some()
                && other.id == open.id
                && other.task.is_none()
                && (other.link, other.written) == (open.link, open.written)
                && (other.conn, other.exchange) == (open.conn, open.exchange)
        };
        self.end(is_same, "id_reused", at, emitter, out);
        self.push(open, at, emitter, out);
    }

    /// Keeps a request that nothing is to be compared with.
    pub fn push(
        &mut self,
        open: Open,
        at: Timestamp,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        if self.open.len() >= MAX_OPEN {
            let oldest = self.open.remove(0);
            cut(oldest, "too_many_open", None, at, emitter, out);
        }
        self.open.push(open);
    }

    /// Takes the only request that fits; `None` where none or several do.
    pub fn take_only(&mut self, fits: impl Fn(&Open) -> bool) -> Result<Open, NotOne> {
        let numbered = self.open.iter().enumerate();
        let mut places = numbered.filter_map(|(place, open)| fits(open).then_some(place));
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(self.open.remove(place)),
            (None, _) => Err(NotOne::None),
            (Some(_), Some(_)) => Err(NotOne::Several),
        }
    }

    /// Takes all requests that fit.
    pub fn take(&mut self, fits: impl Fn(&Open) -> bool) -> Vec<Open> {
        self.open.extract_if(.., |open| fits(open)).collect()
    }

    /// Moves what fits to a session that has its name now.
    pub fn enter(&mut self, to: Key, fits: impl Fn(&Open) -> bool) {
        let those = self.open.iter_mut().filter(|open| fits(open));
        those.for_each(|open| open.link = to);
    }

    /// Ends all that fit without an answer.
    pub fn end(
        &mut self,
        fits: impl Fn(&Open) -> bool,
        reason: &str,
        at: Timestamp,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        for open in self.take(fits) {
            cut(open, reason, None, at, emitter, out);
        }
    }
}

/// Why there is not one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOne {
    /// There is none.
    None,
    /// There are several.
    Several,
}

/// Ends a request without an answer.
pub fn cut(
    open: Open,
    reason: &str,
    error: Option<ToolError>,
    at: Timestamp,
    emitter: &mut Emitter<'_>,
    out: &mut Vec<Event>,
) {
    let mut emitter = emitter.at(&open.conn, open.exchange, open.tid);
    match open.what {
        What::Tool(tool) => {
            let reason = reason.to_owned();
            let cut = Cut { reason, error };
            out.push(emit::tool_result(&emitter, *tool, at, Err(cut)));
        }
        What::Sampling(sampled) => sampling::cut(&mut emitter, *sampled, at, reason, out),
        What::Name | What::Task(_) => {}
    }
}
