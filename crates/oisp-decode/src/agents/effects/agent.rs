//! A process that talks to models, and the answers whose calls it carries out.

use oisp_core::event::{Data, Event};
use oisp_core::{EventId, Timestamp};

use super::talk::Talk;
use super::words::Words;

/// A tool takes no longer than that.
pub(super) const MAX_AGE_MS: u64 = 30 * 60 * 1000;
/// So long may the calls of an answer go on that the conversation went past.
const DOUBT_MS: u64 = 60 * 1000;

/// A process that talks to models.
#[derive(Debug, Default)]
pub(super) struct Agent {
    pub(super) windows: Vec<Window>,
    pub(super) talk: Talk,
    pub(super) last: Timestamp,
}

/// An answer whose calls are under way.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) conversation: String,
    pub(super) at: Timestamp,
    pub(super) calls: Vec<Called>,
    /// When the conversation went on without results.
    pub(super) doubtful: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Called {
    pub(super) event: EventId,
    pub(super) words: Words,
}

/// How an event is tied.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tie {
    pub(super) calls: Vec<EventId>,
    pub(super) how: &'static str,
    pub(super) is_sure: bool,
}

impl Window {
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        now.millis_since(self.at) <= MAX_AGE_MS
            && self
                .doubtful
                .is_none_or(|since| now.millis_since(since) <= DOUBT_MS)
    }

    pub(super) fn held(&self) -> usize {
        let calls = self.calls.iter();
        calls
            .map(|call| size_of::<Called>() + call.words.held())
            .sum()
    }

    pub(super) fn events(&self) -> Vec<EventId> {
        self.calls.iter().map(|call| call.event).collect()
    }
}

impl Agent {
    /// The tie of an event of this process, or of one that comes from it.
    pub(super) fn tie(
        &self,
        event: &Event,
        is_own: bool,
        is_model: &impl Fn(&str) -> bool,
    ) -> Option<Tie> {
        let now = event.ts;
        let windows: Vec<_> = self
            .windows
            .iter()
            .filter(|window| window.is_open(now) && began_in(event, window.at))
            .collect();
        let named = |window: &&Window| {
            let calls = window.calls.iter();
            let named = calls.filter(|call| call.words.name(&event.data));
            named.map(|call| call.event).collect::<Vec<_>>()
        };
        let mut by_name = windows.iter().map(named).filter(|calls| !calls.is_empty());
        match (by_name.next(), by_name.next()) {
            (Some(calls), None) => {
                return Some(Tie {
                    is_sure: calls.len() == 1,
                    how: if calls.len() == 1 {
                        "arguments"
                    } else {
                        "one_of"
                    },
                    calls,
                });
            }
            (Some(_), Some(_)) => return None,
            (None, _) => {}
        }
        let [window] = windows.as_slice() else {
            return None;
        };
        if window.doubtful.is_some() || (is_own && self.talk.is_its(event, is_model)) {
            return None;
        }
        let calls = window.events();
        Some(Tie {
            how: if calls.len() == 1 { "time" } else { "one_of" },
            is_sure: false,
            calls,
        })
    }
}

/// What an event tells of began after `at`: a connection that ends now may have
/// begun long before.
fn began_in(event: &Event, at: Timestamp) -> bool {
    let began = match &event.data {
        Data::NetworkFlow(flow) => flow.start_time,
        _ => Some(event.ts),
    };
    began.is_some_and(|began| began >= at)
}
