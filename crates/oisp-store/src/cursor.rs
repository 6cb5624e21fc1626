//! Readers' places in the log.
//!
//! A live cursor is somebody who looks on: it reads events before they are on
//! disk, and its place ends with it. A durable cursor is a sink: it has a name,
//! reads only what is on disk, and goes on after a restart where it committed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::disk::read;
use crate::log::EventLog;
use crate::state::State;
use crate::tail::Stored;

/// How long a cursor waits after the database did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// A reader's place in the log.
#[derive(Debug)]
pub struct Cursor {
    log: EventLog,
    news: watch::Receiver<u64>,
    place: Place,
    is_paused: bool,
}

#[derive(Debug)]
enum Place {
    Live {
        next: u64,
        committed: u64,
        missed: u64,
    },
    Sink(String),
}

/// Where to read.
enum Source {
    /// These were in memory; the place is moved.
    Memory(Vec<Arc<Stored>>),
    /// These positions are on disk only.
    Disk { next: u64, end: u64 },
}

impl Cursor {
    pub(crate) fn live(log: EventLog, next: u64) -> Self {
        let place = Place::Live {
            next,
            committed: next,
            missed: 0,
        };
        Self {
            news: log.shared.tail.subscribe(),
            log,
            place,
            is_paused: false,
        }
    }

    /// A cursor of that name, for which there is a place.
    pub(crate) fn sink(log: EventLog, name: &str) -> Self {
        Self {
            news: log.shared.readable.subscribe(),
            log,
            place: Place::Sink(name.to_owned()),
            is_paused: false,
        }
    }

    /// Up to `limit` events from the cursor's place on, which moves past them;
    /// fewer than there are, where they are very large. Nothing, where there is
    /// nothing to read or the database does not answer.
    pub fn read(&mut self, limit: usize) -> Vec<Arc<Stored>> {
        let mut events = Vec::new();
        loop {
            let room = limit - events.len();
            let (next, end) = match self.source(room) {
                Source::Memory(newer) => {
                    events.extend(newer);
                    return events;
                }
                Source::Disk { next, end } => (next, end),
            };
            let shared = &self.log.shared;
            let Some(Ok(run)) = shared.ask(|db| read::run(db, next, end, room)) else {
                self.is_paused = true;
                return events;
            };
            let is_whole = run.is_whole;
            events.extend(self.moved(next, end, run));
            if !is_whole {
                return events;
            }
        }
    }

    fn source(&mut self, limit: usize) -> Source {
        let mut state = self.log.shared.state();
        let has_disk = self.log.shared.readers.is_some();
        match &mut self.place {
            Place::Live { next, missed, .. } => {
                let first = state.first_in_memory();
                let from = if has_disk {
                    state.floor.min(first)
                } else {
                    first
                };
                if *next < from {
                    *missed += from - *next;
                    *next = from;
                }
                if *next < first {
                    return Source::Disk {
                        next: *next,
                        end: first,
                    };
                }
                let events: Vec<_> = state.tail.from(*next).take(limit).cloned().collect();
                *next = after(&events, limit, state.last_seq, *next);
                Source::Memory(events)
            }
            Place::Sink(name) => sink_source(&mut state, name, limit, has_disk),
        }
    }

    /// Moves past what was read from disk.
    fn moved(&mut self, from: u64, end: u64, run: read::Run) -> Vec<Arc<Stored>> {
        let mut events = run.events;
        let last = events.last().map_or(from, |last| last.seq + 1);
        let to = if run.is_whole { end } else { last };
        match &mut self.place {
            Place::Live { next, missed, .. } => {
                *missed += (to - from) - events.len() as u64;
                *next = to;
            }
            Place::Sink(name) => {
                let mut state = self.log.shared.state();
                // What was deleted meanwhile counts as missed.
                let floor = state.floor;
                events.retain(|stored| stored.seq >= floor);
                if let Some(place) = state.sinks.get_mut(name) {
                    place.read = to.max(floor);
                }
            }
        }
        events
    }

    /// Everything that was read is delivered: it does not come again. The place
    /// of a durable cursor is on disk within moments.
    pub fn commit(&mut self) {
        match &mut self.place {
            Place::Live {
                next, committed, ..
            } => *committed = *next,
            Place::Sink(name) => {
                let mut state = self.log.shared.state();
                let moved = state
                    .sinks
                    .get_mut(name)
                    .is_some_and(|place| place.commit());
                if moved && state.places_moved() {
                    drop(state);
                    self.log.shared.wake.notify_one();
                }
            }
        }
    }

    /// Back to what was committed: it comes again, as far as it is still there.
    pub fn rewind(&mut self) {
        match &mut self.place {
            Place::Live {
                next, committed, ..
            } => *next = *committed,
            Place::Sink(name) => {
                if let Some(place) = self.log.shared.state().sinks.get_mut(name) {
                    place.rewind();
                }
            }
        }
    }

    /// Waits until there is something to read.
    pub async fn wait(&mut self) {
        if std::mem::take(&mut self.is_paused) {
            return tokio::time::sleep(PAUSE).await;
        }
        let next = self.next();
        // The log holds the sender and this cursor holds the log: the wait
        // cannot end by the sender's death.
        let _ = self.news.wait_for(|last| *last >= next).await;
    }

    /// Events that the log let go before this cursor read them. A durable cursor
    /// counts them over restarts.
    pub fn missed(&self) -> u64 {
        match &self.place {
            Place::Live { missed, .. } => *missed,
            Place::Sink(name) => {
                let state = self.log.shared.state();
                state.sinks.get(name).map_or(0, |place| place.missed())
            }
        }
    }

    /// Events that wait for this cursor.
    pub fn lag(&self) -> u64 {
        let next = self.next();
        let state = self.log.shared.state();
        // What a sink missed is counted when it goes, not when it is read over.
        let next = match self.place {
            Place::Live { .. } => next,
            Place::Sink(_) => next.max(state.floor),
        };
        (state.last_seq + 1).saturating_sub(next)
    }

    fn next(&self) -> u64 {
        match &self.place {
            Place::Live { next, .. } => *next,
            Place::Sink(name) => {
                let state = self.log.shared.state();
                state.sinks.get(name).map_or(u64::MAX, |place| place.read)
            }
        }
    }
}

/// The place behind a run of events from memory that ends with `last`, or sooner
/// where there were more than `limit`.
fn after(events: &[Arc<Stored>], limit: usize, last: u64, next: u64) -> u64 {
    match events.last() {
        Some(newest) if events.len() >= limit => newest.seq + 1,
        _ if limit == 0 => next,
        _ => next.max(last + 1),
    }
}

fn sink_source(state: &mut State, name: &str, limit: usize, has_disk: bool) -> Source {
    let (first, last) = (state.first_in_memory(), state.readable());
    let floor = if has_disk { state.floor } else { first };
    let Some(place) = state.sinks.get_mut(name) else {
        return Source::Memory(Vec::new());
    };
    place.read = place.read.max(floor);
    let next = place.read;
    if next > last {
        return Source::Memory(Vec::new());
    }
    if next < first && has_disk {
        let end = first.min(last + 1);
        return Source::Disk { next, end };
    }
    let events = state
        .tail
        .from(next)
        .take_while(|stored| stored.seq <= last);
    let events: Vec<_> = events.take(limit).cloned().collect();
    let to = after(&events, limit, last, next);
    if let Some(place) = state.sinks.get_mut(name) {
        place.read = to;
    }
    Source::Memory(events)
}
