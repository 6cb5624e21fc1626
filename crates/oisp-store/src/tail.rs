//! The newest events, in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use oisp_core::SafeEvent;

use crate::settings::Bounds;

/// An event in the log.
#[derive(Debug)]
pub struct Stored {
    /// Position in the log: 1 for the first event ever, then one by one.
    pub seq: u64,
    /// The event.
    pub event: SafeEvent,
}

/// The newest events. Their positions have no hole.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    entries: VecDeque<Entry>,
    by_id: HashMap<String, u64>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    stored: Arc<Stored>,
    /// An earlier event, that is on disk, has its id: readers pass it over.
    is_again: bool,
}

impl Tail {
    /// Position of the oldest event.
    pub fn first_seq(&self) -> Option<u64> {
        Some(self.entries.front()?.stored.seq)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True where it holds more than `bounds` allow.
    pub fn is_over(&self, bounds: Bounds) -> bool {
        self.entries.len() > bounds.events || self.bytes > bounds.bytes
    }

    /// Adds an event at the end.
    pub fn push(&mut self, stored: Arc<Stored>) {
        self.bytes += stored.event.json().len();
        if !stored.event.id().is_empty() {
            self.by_id.insert(stored.event.id().to_owned(), stored.seq);
        }
        self.entries.push_back(Entry {
            stored,
            is_again: false,
        });
    }

    /// Lets the oldest event go.
    pub fn pop(&mut self) -> Option<Arc<Stored>> {
        let oldest = self.entries.pop_front()?.stored;
        self.bytes -= oldest.event.json().len();
        if self.by_id.get(oldest.event.id()) == Some(&oldest.seq) {
            self.by_id.remove(oldest.event.id());
        }
        Some(oldest)
    }

    /// The position of the event of that id.
    pub fn seq_of(&self, event_id: &str) -> Option<u64> {
        self.by_id.get(event_id).copied()
    }

    /// The event at that position.
    pub fn get(&self, seq: u64) -> Option<&Arc<Stored>> {
        Some(&self.entries.get(self.index(seq)?)?.stored)
    }

    /// The event at that position is one that was there already.
    pub fn is_again(&mut self, seq: u64) {
        let entry = self
            .index(seq)
            .and_then(|index| self.entries.get_mut(index));
        if let Some(entry) = entry {
            entry.is_again = true;
            if self.by_id.get(entry.stored.event.id()) == Some(&seq) {
                self.by_id.remove(entry.stored.event.id());
            }
        }
    }

    /// The events from a position on, in order.
    pub fn from(&self, seq: u64) -> impl Iterator<Item = &Arc<Stored>> {
        let skipped = self.first_seq().map_or(0, |first| {
            usize::try_from(seq.saturating_sub(first)).unwrap_or(usize::MAX)
        });
        shown(self.entries.range(skipped.min(self.entries.len())..))
    }

    /// All events, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Arc<Stored>> {
        shown(self.entries.iter().rev())
    }

    fn index(&self, seq: u64) -> Option<usize> {
        usize::try_from(seq.checked_sub(self.first_seq()?)?).ok()
    }
}

fn shown<'a>(entries: impl Iterator<Item = &'a Entry>) -> impl Iterator<Item = &'a Arc<Stored>> {
    entries
        .filter(|entry| !entry.is_again)
        .map(|entry| &entry.stored)
}
