//! The log's face: append, read, search.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use oisp_core::SafeEvent;

use crate::cursor::Cursor;
use crate::disk::read::{self, Wanted};
use crate::error::OpenError;
use crate::filter::Filter;
use crate::onlooker::Onlooker;
use crate::open;
use crate::settings::{Bounds, LogSettings};
use crate::shared::Shared;
use crate::state::State;
use crate::status::StoreStatus;
use crate::tail::Stored;
use crate::text;
use crate::words::Words;

/// The log. Clones share it; the last one that goes closes it.
#[derive(Clone, Debug)]
pub struct EventLog {
    pub(crate) shared: Arc<Shared>,
    keeper: Option<Arc<Keeper>>,
}

/// What a log on disk holds on to.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub path: PathBuf,
    pub shared: Arc<Shared>,
    pub writer: Mutex<Option<JoinHandle<()>>>,
    pub check: Option<crate::open::Check>,
    pub _lock: crate::disk::lock::Lock,
}

impl Keeper {
    fn close(&self) {
        if let Some(check) = &self.check {
            check.stop();
        }
        self.shared.state().wants_stop = true;
        self.shared.wake.notify_all();
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the event log's writer panicked");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.close();
    }
}

impl EventLog {
    /// An empty log in memory.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            shared: Arc::new(Shared::new(State::in_memory(bounds), None)),
            keeper: None,
        }
    }

    /// Opens the log in that file, and makes it where there is none: folder and
    /// file are closed to others. A damaged one is moved aside and a new one
    /// begins.
    ///
    /// # Errors
    /// When the file cannot be written, another process writes to it, or it is
    /// of a newer sensor or another program.
    pub fn open(path: &Path, settings: LogSettings) -> Result<Self, OpenError> {
        let keeper = open::open(path, settings)?;
        Ok(Self {
            shared: keeper.shared.clone(),
            keeper: Some(Arc::new(keeper)),
        })
    }

    /// Writes what is left and closes the database. Reading goes on; what is
    /// appended from now on is not kept.
    pub fn close(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.close();
        }
    }

    /// Waits until everything that was appended so far is on disk, and where the
    /// sinks stand. False where that cannot be within `patience`, or the disk
    /// fails.
    pub fn flush(&self, patience: Duration) -> bool {
        self.shared.flush(patience)
    }

    /// How the log is doing.
    pub fn status(&self) -> StoreStatus {
        let path = self.keeper.as_ref().map(|keeper| keeper.path.clone());
        StoreStatus::of(&self.shared.state(), path)
    }

    /// Appends an event and returns its position, or that of the event which has
    /// its id already. Never waits for the disk.
    pub fn append(&self, event: SafeEvent) -> u64 {
        let mut state = self.shared.state();
        let (seq, wake) = state.append(event);
        let (tail, readable) = (state.last_seq, state.readable());
        drop(state);
        if wake {
            self.shared.wake.notify_one();
        }
        self.shared.tell(tail, readable);
        seq
    }

    /// Somebody looks on: [`EventLog::tell`] reaches one.
    pub fn has_onlookers(&self) -> bool {
        self.shared.passing.receiver_count() > 0
    }

    /// Tells an event to those who look on now. The log does not keep it.
    pub fn tell(&self, event: SafeEvent) {
        // Without onlookers there is nobody to tell.
        let _ = self.shared.passing.send(Arc::new(event));
    }

    /// Looks on from here.
    pub fn look_on(&self) -> Onlooker {
        Onlooker(self.shared.passing.subscribe())
    }

    /// Position of the newest event; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.shared.state().last_seq
    }

    /// The event of that `event_id`. May read the disk.
    pub fn get(&self, event_id: &str) -> Option<Arc<Stored>> {
        {
            let state = self.shared.state();
            let seq = state.tail.seq_of(event_id);
            if let Some(stored) = seq.and_then(|seq| state.tail.get(seq)) {
                return Some(stored.clone());
            }
        }
        let answer = self.shared.ask(|db| read::get(db, event_id))?;
        let floor = self.shared.state().floor;
        answer.ok()?.filter(|stored| stored.seq >= floor)
    }

    /// Up to `limit` events before position `before` (or the end), newest
    /// first. What is not in memory is read from disk: there may be fewer where
    /// they are very large, and none of those where it does not answer, which
    /// [`EventLog::status`] tells.
    pub fn newest(&self, before: Option<u64>, limit: usize, filter: &Filter) -> Vec<Arc<Stored>> {
        let before = before.unwrap_or(u64::MAX);
        let (events, first) = {
            let state = self.shared.state();
            let older = state.tail.newest_first();
            let wanted = older.filter(|stored| stored.seq < before && filter.admits(&stored.event));
            let events = wanted.take(limit).cloned().collect();
            (events, state.first_in_memory())
        };
        let wanted = Wanted {
            before: before.min(first),
            filter,
            words: None,
        };
        self.with_older(events, limit, &wanted)
    }

    /// Up to `limit` events before position `before` (or the end) in whose
    /// content are all words of `query`, newest first. `"in a row"` and `begin*`
    /// are understood; nothing is a mistake. May read the disk.
    pub fn search(
        &self,
        query: &str,
        before: Option<u64>,
        limit: usize,
        filter: &Filter,
    ) -> Vec<Arc<Stored>> {
        let Some(words) = Words::parse(query) else {
            return Vec::new();
        };
        let before = before.unwrap_or(u64::MAX);
        let (unindexed, indexed_before) = {
            let state = self.shared.state();
            // What is on disk is in its index.
            let from = match self.shared.readers {
                Some(_) => state.settled + 1,
                None => 0,
            };
            let rest = state.tail.newest_first();
            let rest = rest.take_while(|stored| stored.seq >= from);
            let rest = rest.filter(|stored| stored.seq < before && filter.admits(&stored.event));
            (rest.cloned().collect::<Vec<_>>(), from)
        };
        let found = unindexed
            .into_iter()
            .filter(|stored| words.are_in(&text::content(stored.event.json()).text));
        let events = found.take(limit).collect();
        let wanted = Wanted {
            before: before.min(indexed_before),
            filter,
            words: Some(&words),
        };
        self.with_older(events, limit, &wanted)
    }

    /// Adds events from disk where there is room for them.
    fn with_older(
        &self,
        mut events: Vec<Arc<Stored>>,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Vec<Arc<Stored>> {
        let room = limit.saturating_sub(events.len());
        if room > 0
            && wanted.before > 1
            && let Some(Ok(older)) = self.shared.ask(|db| read::newest(db, wanted, room))
        {
            let floor = self.shared.state().floor;
            events.extend(older.into_iter().filter(|stored| stored.seq >= floor));
        }
        events
    }

    /// A live cursor at the first event that the log still has.
    pub fn cursor(&self) -> Cursor {
        let next = self.shared.state().floor;
        Cursor::live(self.clone(), next)
    }

    /// A live cursor at position `next`; later than the end means: what comes.
    pub fn cursor_at(&self, next: u64) -> Cursor {
        let next = next.min(self.last_seq() + 1).max(1);
        Cursor::live(self.clone(), next)
    }

    /// The durable cursor of that name, where it was committed. A new name
    /// begins with what comes; for a second cursor of a name, what the first one
    /// did not commit comes again.
    pub fn sink_cursor(&self, name: &str) -> Cursor {
        let next = self.last_seq() + 1;
        self.begin(name, next)
    }

    /// Like [`EventLog::sink_cursor`], but a new name begins with the first
    /// event that the log still has.
    pub fn sink_cursor_from_start(&self, name: &str) -> Cursor {
        self.begin(name, 1)
    }

    fn begin(&self, name: &str, next: u64) -> Cursor {
        let mut state = self.shared.state();
        let next = next.max(state.floor);
        state.sinks.begin(name, next);
        let wake = state.places_moved();
        drop(state);
        if wake {
            self.shared.wake.notify_one();
        }
        Cursor::sink(self.clone(), name)
    }

    /// Only the sinks of these names hold the log: what they have passed goes
    /// when it is old, whatever others have not. The place of another is kept,
    /// should it come back. Until this is called every sink holds the log.
    pub fn live_sinks(&self, names: &[&str]) {
        self.shared.state().sinks.live(names);
    }
}
