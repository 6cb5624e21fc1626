//! What the log's users, its cursors and its writer share.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use oisp_core::SafeEvent;
use rusqlite::Connection;
use tokio::sync::{broadcast, watch};

use crate::disk::read::Readers;
use crate::error::is_damage;
use crate::state::{Health, State};

/// Most passing events that wait for an onlooker; a slower one misses some.
const PASSING: usize = 1024;

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Connections to the database of a log on disk.
    pub readers: Option<Readers>,
    /// The newest event, and the newest that durable cursors may read.
    pub tail: watch::Sender<u64>,
    pub readable: watch::Sender<u64>,
    pub passing: broadcast::Sender<Arc<SafeEvent>>,
    /// Wakes the writer.
    pub wake: Condvar,
    /// The writer did something.
    pub done: Condvar,
}

impl Shared {
    pub fn new(state: State, readers: Option<Readers>) -> Self {
        Self {
            tail: watch::Sender::new(state.last_seq),
            readable: watch::Sender::new(state.readable()),
            state: Mutex::new(state),
            readers,
            passing: broadcast::Sender::new(PASSING),
            wake: Condvar::new(),
            done: Condvar::new(),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave the log half changed in a way that
        // matters to readers, and the sensor must go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells cursors how far they may read.
    pub fn tell(&self, tail: u64, readable: u64) {
        forward(&self.tail, tail);
        forward(&self.readable, readable);
    }

    /// Tells cursors and those who wait for the writer.
    pub fn told_by_writer(&self, state: MutexGuard<'_, State>) {
        let (tail, readable) = (state.last_seq, state.readable());
        drop(state);
        self.tell(tail, readable);
        self.done.notify_all();
    }

    /// Asks the database. `None` where there is none, or where it cannot answer,
    /// which is noted.
    pub fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Option<rusqlite::Result<T>> {
        let answer = self.readers.as_ref()?.ask(question);
        if let Err(error) = &answer {
            self.not_read(error);
        }
        Some(answer)
    }

    fn not_read(&self, error: &rusqlite::Error) {
        let told = Some(error.to_string());
        let mut state = self.state();
        let is_new = state.last_error != told;
        state.counts.read_errors += 1;
        state.last_error = told;
        state.suspect |= is_damage(error);
        drop(state);
        self.wake.notify_one();
        if is_new {
            tracing::warn!(%error, "event log cannot be read");
        }
    }

    /// Waits until everything that was appended so far is on disk, and where the
    /// sinks stand. False where that cannot be.
    pub fn flush(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut state = self.state();
        let target = state.last_seq;
        let attempts = state.attempts;
        loop {
            match &state.health {
                Health::Memory => return true,
                Health::Closed => return false,
                Health::Failing { .. } if state.attempts > attempts => return false,
                _ => {}
            }
            if state.settled >= target && !state.sinks.are_dirty() {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state.wants_flush = true;
            self.wake.notify_one();
            let waited = self.done.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Cursors are never told to go back.
fn forward(place: &watch::Sender<u64>, to: u64) {
    place.send_if_modified(|at| {
        let is_new = *at < to;
        *at = (*at).max(to);
        is_new
    });
}
