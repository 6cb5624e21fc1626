//! What all threads share: the newest events, which of them are on disk, where
//! each sink stands, and the account of what was written and lost.
//!
//! Each event has one fate: it is settled when it is on disk, or found to be
//! there already, or lost. `last_seq == committed + duplicates + dropped +
//! pending`, counted from the log's opening.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oisp_core::SafeEvent;

use crate::disk::Start;
use crate::settings::{Bounds, LogSettings};
use crate::sinks::{Sinks, Written};
use crate::tail::{Stored, Tail};

/// A commit takes at most this much, and begins early when as much waits.
pub(crate) const BATCH: Bounds = Bounds {
    events: 1_024,
    bytes: 2 << 20,
};
/// How long a sink's new place waits for events to be written with.
const PLACES: Duration = Duration::from_millis(500);

/// How the log stands to its disk.
#[derive(Clone, Debug, Default)]
pub(crate) enum Health {
    /// It has none.
    #[default]
    Memory,
    /// Events are on disk within moments.
    Healthy,
    /// They cannot be written now.
    Failing { error: String, retry_at: Instant },
    /// Nothing is written any more.
    Closed,
}

/// What was done, since the log was opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub committed: u64,
    pub duplicates: u64,
    pub dropped: u64,
    pub aged: u64,
    pub displaced: u64,
    pub read_errors: u64,
    /// Bytes of the database that are in use.
    pub used: u64,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub tail: Tail,
    pub last_seq: u64,
    /// The fate of everything up to here is known.
    pub settled: u64,
    /// Nothing before this is left.
    pub floor: u64,
    pub sinks: Sinks,
    pub health: Health,
    pub counts: Counts,
    pub last_error: Option<String>,
    /// A reader found damage.
    pub suspect: bool,
    pub wants_stop: bool,
    pub wants_flush: bool,
    /// Tries to write, good or bad.
    pub attempts: u64,
    /// Where a damaged file was moved to.
    pub moved_aside: Option<PathBuf>,
    /// Bounds of settled events, and of those that wait for the disk.
    bounds: (Bounds, Bounds),
    /// The writer is writing up to here.
    in_flight: Option<u64>,
    waiting: Waiting,
    group: Duration,
}

/// What the writer has not taken yet.
#[derive(Debug, Default)]
struct Waiting {
    events: usize,
    bytes: usize,
    since: Option<Instant>,
    places_since: Option<Instant>,
}

/// What a commit holds.
#[derive(Debug)]
pub(crate) struct Batch {
    pub events: Vec<Arc<Stored>>,
    /// All events up to here are on disk after it.
    pub through: u64,
    pub places: Vec<Written>,
}

impl State {
    /// A log without a disk.
    pub fn in_memory(bounds: Bounds) -> Self {
        Self {
            bounds: (bounds, bounds),
            floor: 1,
            ..Self::default()
        }
    }

    /// A log that goes on where the one on disk ended.
    pub fn on_disk(settings: &LogSettings, start: Start) -> Self {
        Self {
            bounds: (settings.tail, settings.pending),
            last_seq: start.last_seq,
            settled: start.last_seq,
            floor: start.floor,
            sinks: Sinks::from_disk(start.places),
            health: Health::Healthy,
            group: settings.group,
            ..Self::default()
        }
    }

    /// Position of the oldest event in memory, or of the next that will be.
    pub fn first_in_memory(&self) -> u64 {
        self.tail.first_seq().unwrap_or(self.last_seq + 1)
    }

    /// The last event that a durable cursor may read. While the disk fails, and
    /// when it is over with it, that is everything: a place is not written
    /// beyond what is on disk.
    pub fn readable(&self) -> u64 {
        match self.health {
            Health::Healthy => self.settled,
            _ => self.last_seq,
        }
    }

    /// Appends an event: its position, and whether the writer is to be woken.
    pub fn append(&mut self, event: SafeEvent) -> (u64, bool) {
        if let Some(seq) = self.tail.seq_of(event.id()) {
            self.counts.duplicates += 1;
            return (seq, false);
        }
        self.last_seq += 1;
        let (seq, bytes) = (self.last_seq, event.json().len());
        self.tail.push(Arc::new(Stored { seq, event }));
        let wake = match self.health {
            Health::Memory => {
                self.settled = seq;
                false
            }
            Health::Closed => {
                self.counts.dropped += 1;
                self.settled = seq;
                false
            }
            _ => self.waiting.add(bytes),
        };
        self.evict();
        (seq, wake)
    }

    fn evict(&mut self) {
        // The newest event stays even where it alone is over the limit: a
        // reader that keeps up sees every event.
        while self.tail.len() > 1 {
            let first = self.first_in_memory();
            let is_settled = first <= self.settled;
            let bounds = if is_settled {
                self.bounds.0
            } else {
                self.bounds.1
            };
            if !self.tail.is_over(bounds) {
                break;
            }
            self.tail.pop();
            if matches!(self.health, Health::Memory) {
                self.sinks.gone(first..=first);
                self.floor = first + 1;
            } else if !is_settled && self.in_flight.is_none_or(|through| first > through) {
                self.lose(first);
            }
        }
    }

    /// An event goes without having been on disk.
    fn lose(&mut self, seq: u64) {
        self.counts.dropped += 1;
        self.sinks.gone(seq..=seq);
        if self.in_flight.is_none() {
            self.settled = self.settled.max(seq);
        }
    }

    /// When there is something for the writer to do; `None` for nothing.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let hurry = self.wants_flush || self.wants_stop;
        if let Health::Failing { retry_at, .. } = self.health {
            return Some(if hurry { now } else { retry_at });
        }
        let is_full = self.waiting.is_full();
        let after = |wait: Duration| move |since| if hurry || is_full { now } else { since + wait };
        let events = self.waiting.since.map(after(self.group));
        let places = self.waiting.places_since.map(after(PLACES));
        events.into_iter().chain(places).min()
    }

    /// Some sink's place is to be written. True where the writer is to be woken.
    pub fn places_moved(&mut self) -> bool {
        let is_first = self.waiting.places_since.is_none();
        self.waiting.places_since.get_or_insert_with(Instant::now);
        is_first && !matches!(self.health, Health::Memory | Health::Closed)
    }

    /// What is to be written next.
    pub fn take(&mut self) -> Batch {
        self.wants_flush = false;
        let mut bytes = 0;
        let pending = self.tail.from(self.settled + 1);
        let fits = |stored: &&Arc<Stored>| {
            let is_first = bytes == 0;
            bytes += stored.event.json().len();
            is_first || bytes <= BATCH.bytes
        };
        let events: Vec<_> = pending
            .take_while(fits)
            .take(BATCH.events)
            .cloned()
            .collect();
        let through = events.last().map_or(self.settled, |last| last.seq);
        let rest = self.last_seq > through;
        self.waiting = Waiting {
            // What is left is a batch of its own at once.
            events: if rest { BATCH.events } else { 0 },
            since: rest.then(Instant::now),
            ..Waiting::default()
        };
        self.in_flight = Some(through);
        Batch {
            events,
            through,
            places: self.sinks.take_dirty(through + 1),
        }
    }

    /// A batch is on disk, save those of it that were there before.
    pub fn written(&mut self, batch: &Batch, again: &[u64], refused: u64) {
        let left_out = again.len() as u64 + refused;
        self.counts.committed += (batch.events.len() as u64).saturating_sub(left_out);
        self.counts.duplicates += again.len() as u64;
        self.counts.dropped += refused;
        again.iter().for_each(|seq| self.tail.is_again(*seq));
        self.attempts += 1;
        self.in_flight = None;
        self.settled = batch.through.max(self.first_in_memory() - 1);
        self.health = Health::Healthy;
        if self.sinks.are_dirty() {
            self.places_moved();
        }
        self.evict();
    }

    /// A batch could not be written.
    pub fn failed(&mut self, batch: &Batch, error: String, retry_at: Instant) {
        self.sinks.not_written(&batch.places);
        if self.in_flight.take().is_some() {
            let gone = self.settled + 1..self.first_in_memory().min(batch.through + 1);
            gone.for_each(|seq| self.lose(seq));
            self.settled = self.settled.max(self.first_in_memory() - 1);
        }
        self.not_open(error, retry_at);
    }

    /// There is nothing to write to.
    pub fn not_open(&mut self, error: String, retry_at: Instant) {
        self.attempts += 1;
        self.wants_flush = false;
        self.last_error = Some(error.clone());
        self.health = Health::Failing { error, retry_at };
    }

    /// What was on disk is gone, and a new file is there: what is in memory is
    /// written again, the rest is missed by who had not passed it.
    pub fn starts_anew(&mut self) {
        let first = self.first_in_memory();
        let again = self
            .tail
            .from(first)
            .filter(|stored| stored.seq <= self.settled);
        self.counts.committed -= again.count() as u64;
        self.sinks.gone(self.floor..first);
        self.sinks.all_dirty();
        self.floor = first;
        self.settled = first - 1;
        self.in_flight = None;
        self.suspect = false;
        self.waiting.since = Some(Instant::now());
    }

    /// These events are deleted: nobody reads them from now on.
    pub fn deleted(&mut self, seqs: &[u64], before: u64) {
        self.sinks.gone(seqs.iter().copied());
        self.floor = self.floor.max(before);
    }

    /// Nothing is written any more: what waits for the disk is lost to it.
    pub fn close(&mut self) {
        self.counts.dropped += self.last_seq - self.settled;
        self.settled = self.last_seq;
        self.health = Health::Closed;
    }
}

impl Waiting {
    /// True where the writer is to be woken.
    fn add(&mut self, bytes: usize) -> bool {
        let was_full = self.is_full();
        self.events += 1;
        self.bytes += bytes;
        let is_first = self.since.is_none();
        self.since.get_or_insert_with(Instant::now);
        is_first || !was_full && self.is_full()
    }

    fn is_full(&self) -> bool {
        self.events >= BATCH.events / 2 || self.bytes >= BATCH.bytes / 2
    }
}
