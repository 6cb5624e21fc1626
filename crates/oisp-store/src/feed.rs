//! What a program on the other side of a socket is told: what came after the
//! event that it knows, then what happens, and what it did not get.

use std::borrow::Cow;
use std::sync::Arc;

use crate::{Cursor, EventLog, Stored};

/// A place in the log that a program follows. It stays behind where the program
/// is slow; nothing is queued for it.
#[derive(Debug)]
pub struct Feed {
    cursor: Cursor,
    told_missed: u64,
    is_reset: bool,
}

/// One thing that is told.
#[derive(Clone, Debug)]
pub enum Told {
    /// An event.
    Event(Arc<Stored>),
    /// So many events were let go before the program took them.
    Missed(u64),
    /// The log does not hold the event that the program knows (any more): all
    /// that it holds follows.
    Reset,
}

impl Told {
    /// As one message: the event, `{"missed":n}` or `{"reset":true}`.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Event(stored) => stored.event.json().into(),
            Self::Missed(count) => format!("{{\"missed\":{count}}}").into(),
            Self::Reset => "{\"reset\":true}".into(),
        }
    }
}

impl Feed {
    /// From now on; after the event of that id; or, where that is empty, all
    /// that the log holds and then what happens.
    pub fn new(log: &EventLog, after: Option<&str>) -> Self {
        let (cursor, is_reset) = match after {
            None => (log.cursor_at(u64::MAX), false),
            Some("") => (log.cursor(), false),
            Some(id) => match log.get(id) {
                Some(stored) => (log.cursor_at(stored.seq + 1), false),
                None => (log.cursor(), true),
            },
        };
        Self {
            cursor,
            told_missed: 0,
            is_reset,
        }
    }

    /// What is to be told now, of up to `limit` events; nothing where there is
    /// nothing.
    pub fn take(&mut self, limit: usize) -> Vec<Told> {
        let events = self.cursor.read(limit);
        let mut told = Vec::with_capacity(events.len() + 2);
        if std::mem::take(&mut self.is_reset) {
            told.push(Told::Reset);
        }
        let missed = self.cursor.missed();
        if missed > self.told_missed {
            told.push(Told::Missed(missed - self.told_missed));
            self.told_missed = missed;
        }
        told.extend(events.into_iter().map(Told::Event));
        told
    }

    /// Waits until there is something to take.
    pub async fn wait(&mut self) {
        self.cursor.wait().await;
    }
}
