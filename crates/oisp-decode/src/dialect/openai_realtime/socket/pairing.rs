//! Which answer is to which question.
//!
//! Answers begin in the order that they were asked for. Where a message is
//! missing that may have asked for one or begun one, the calls that wait are
//! given up, and answers are nobody's until one has ended that nothing else can
//! have been in the way of.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use crate::dialect::Action;

/// Most answers under way, and most calls that wait for one.
const MAX_WAITING: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Pairing {
    next: u64,
    /// Calls whose answer has not begun, the oldest first.
    waiting: VecDeque<Waiting>,
    /// The answers under way: their ids, by the call.
    under_way: BTreeMap<u64, String>,
    /// The server is about to begin an answer by itself.
    server_begins: bool,
    /// The client may have asked for an answer that has not begun.
    may_have_asked: bool,
    /// While it is not known whose answers are: how many were asked for since
    /// one began.
    doubt: Option<usize>,
    /// Nothing is known of what the client asks for.
    deaf: bool,
}

#[derive(Debug)]
struct Waiting {
    call: u64,
    /// The client's name of its message, which an error refers to.
    event_id: Option<String>,
}

/// Whose an answer is that begins.
pub(super) enum Begun {
    /// The client asked for it.
    Asked(u64),
    /// The server begins it by itself, with a call of that name.
    ByServer(u64),
    /// It cannot be told.
    Unknown,
}

impl Pairing {
    /// A name for a call.
    pub(super) const fn name(&mut self) -> u64 {
        let name = self.next;
        self.next += 1;
        name
    }

    /// The client asks.
    pub(super) fn ask(&mut self, call: u64, event_id: Option<String>, out: &mut Vec<Action>) {
        self.waiting.push_back(Waiting { call, event_id });
        if let Some(asked) = &mut self.doubt {
            *asked += 1;
            self.give_up(out);
        } else if self.waiting.len() > MAX_WAITING {
            self.begin_doubt(out);
        }
    }

    /// The user stopped speaking, and the server is to answer.
    pub(super) fn server_will_begin(&mut self) {
        match &mut self.doubt {
            Some(asked) => *asked += 1,
            None => self.server_begins = true,
        }
    }

    /// Nothing more will be known of what the client asks for.
    pub(super) const fn no_more_asks(&mut self) {
        self.deaf = true;
    }

    /// A message of the client is missing that may have asked for an answer.
    pub(super) const fn may_have_asked(&mut self) {
        self.may_have_asked = true;
    }

    /// A message of the server is missing that may have begun an answer.
    pub(super) fn may_have_begun(&mut self, out: &mut Vec<Action>) {
        if !self.waiting.is_empty() || self.server_begins {
            self.begin_doubt(out);
        }
    }

    /// It is not known any more which answer is whose.
    fn begin_doubt(&mut self, out: &mut Vec<Action>) {
        self.doubt = Some(0);
        self.server_begins = false;
        self.give_up(out);
    }

    fn give_up(&mut self, out: &mut Vec<Action>) {
        let waiting = self.waiting.drain(..);
        out.extend(waiting.map(|waiting| Action::Lost { call: waiting.call }));
    }

    /// An answer begins.
    pub(super) fn begin(&mut self, id: &str, out: &mut Vec<Action>) -> Begun {
        if let Some(asked) = &mut self.doubt {
            *asked = asked.saturating_sub(1);
            return Begun::Unknown;
        }
        let may_have_asked = std::mem::take(&mut self.may_have_asked);
        let by_server = std::mem::take(&mut self.server_begins);
        let candidates = usize::from(may_have_asked) + usize::from(by_server);
        if candidates + usize::from(!self.waiting.is_empty()) > 1 {
            // Any of them may be first.
            self.begin_doubt(out);
            return Begun::Unknown;
        }
        let begun = match self.waiting.pop_front() {
            Some(waiting) => Begun::Asked(waiting.call),
            None if self.deaf || may_have_asked => Begun::Unknown,
            None => Begun::ByServer(self.name()),
        };
        if let Begun::Asked(call) | Begun::ByServer(call) = begun {
            self.under_way.insert(call, id.to_owned());
            if self.under_way.len() > MAX_WAITING {
                // The end of the oldest was not captured.
                self.under_way.pop_first();
            }
        }
        begun
    }

    /// The call that an answer is to.
    pub(super) fn call_of(&self, id: &str) -> Option<u64> {
        let mut under_way = self.under_way.iter();
        under_way.find_map(|(call, answer)| (answer == id).then_some(*call))
    }

    /// An answer ends.
    pub(super) fn end(&mut self, id: &str) -> Option<u64> {
        if self.doubt == Some(0) {
            self.doubt = None;
        }
        let call = self.call_of(id)?;
        self.under_way.remove(&call);
        Some(call)
    }

    /// The server refuses something; where it was a call, that has its answer.
    pub(super) fn failed(&mut self, data: Value, out: &mut Vec<Action>) {
        let error = data.get("error");
        let text = |key| error.and_then(|error| error.get(key)?.as_str());
        let at = match text("event_id") {
            Some(id) => self
                .waiting
                .iter()
                .position(|waiting| waiting.event_id.as_deref() == Some(id)),
            None => (text("code") == Some("conversation_already_has_active_response")
                && self.waiting.len() == 1)
                .then_some(0),
        };
        if let Some(waiting) = at.and_then(|at| self.waiting.remove(at)) {
            let call = waiting.call;
            out.push(Action::Answer { call, data });
            out.push(Action::End { call });
        }
    }
}
