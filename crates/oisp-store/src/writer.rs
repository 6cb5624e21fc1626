//! The thread that writes: it gathers what is appended within moments into one
//! commit, deletes what is too old or too much, and goes on trying where the disk
//! fails. While it does, events stay in memory within a bound.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::disk::files::Files;
use crate::disk::retention::{self, Size};
use crate::disk::schema::{self, Unfit};
use crate::disk::write;
use crate::error::is_damage;
use crate::settings::LogSettings;
use crate::shared::Shared;
use crate::state::Health;

/// First and longest wait before a failed commit is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How often the age of events is looked at.
const AGE_CHECK: Duration = Duration::from_secs(60);

/// Writes the log.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    files: Files,
    settings: LogSettings,
    connection: Option<Connection>,
    /// Everything up to here was on disk once.
    persisted: u64,
    retry: Duration,
    retain_at: Instant,
    /// A try to write failed after the wish to stop.
    gave_up: bool,
}

enum Task {
    Write,
    Retain,
    Verify,
    Stop,
}

impl Writer {
    pub fn new(
        shared: Arc<Shared>,
        files: Files,
        settings: LogSettings,
        connection: Connection,
    ) -> Self {
        let persisted = shared.state().settled;
        Self {
            shared,
            files,
            settings,
            connection: Some(connection),
            persisted,
            retry: RETRY.0,
            retain_at: Instant::now(),
            gave_up: false,
        }
    }

    /// Writes until told to stop, and then what is left.
    pub fn run(mut self) {
        loop {
            match self.next_task() {
                Task::Write => self.write(),
                Task::Retain => self.retain(),
                Task::Verify => self.verify(),
                Task::Stop => break,
            }
        }
        self.close();
    }

    fn next_task(&self) -> Task {
        let mut state = self.shared.state();
        loop {
            let now = Instant::now();
            let due = state.due(now);
            if std::mem::take(&mut state.suspect) {
                return Task::Verify;
            }
            if state.wants_stop && (due.is_none() || self.gave_up) {
                return Task::Stop;
            }
            if due.is_some_and(|due| due <= now) {
                return Task::Write;
            }
            if self.retain_at <= now {
                return Task::Retain;
            }
            let next = due.map_or(self.retain_at, |due| due.min(self.retain_at));
            let waited = self.shared.wake.wait_timeout(state, next - now);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn write(&mut self) {
        if let Err(error) = self.ensure_open() {
            let wait = self.failed(&error);
            let mut state = self.shared.state();
            state.not_open(error, Instant::now() + wait);
            return self.shared.told_by_writer(state);
        }
        let Some(connection) = &mut self.connection else {
            return;
        };
        let batch = self.shared.state().take();
        match write::batch(connection, &batch, self.settings.max_bytes) {
            Ok(outcome) => {
                self.persisted = self.persisted.max(batch.through);
                let size = retention::size(connection);
                let mut state = self.shared.state();
                let had_failed = matches!(state.health, Health::Failing { .. });
                state.written(&batch, &outcome.again, outcome.refused);
                self.shared.told_by_writer(state);
                self.succeeded(had_failed);
                self.keep_size(size);
            }
            Err(error) => {
                let wait = self.recover(&error);
                let mut state = self.shared.state();
                state.failed(&batch, error.to_string(), Instant::now() + wait);
                self.shared.told_by_writer(state);
            }
        }
    }

    /// Opens the database again after a failure.
    fn ensure_open(&mut self) -> Result<(), String> {
        if self.connection.is_some() {
            return Ok(());
        }
        self.files.make().map_err(|error| error.to_string())?;
        let opened = match schema::open(&self.files.path) {
            Ok(opened) => opened,
            Err(Unfit::Damaged(why)) => return Err(self.replace(&why).err().unwrap_or(why)),
            Err(Unfit::Failed(error)) => return Err(error.to_string()),
            Err(unfit @ (Unfit::Newer(_) | Unfit::Foreign)) => {
                return Err(format!("another program put its own file there: {unfit:?}"));
            }
        };
        if opened.start.last_seq < self.persisted {
            self.shared.state().starts_anew();
        }
        self.connection = Some(opened.connection);
        Ok(())
    }

    fn succeeded(&mut self, had_failed: bool) {
        self.retry = RETRY.0;
        if had_failed {
            let dropped = self.shared.state().counts.dropped;
            tracing::warn!(path = %self.files.path.display(), dropped, "event log is written again");
        }
    }

    /// What to do about a failed write, and how long to wait before the next.
    fn recover(&mut self, error: &rusqlite::Error) -> Duration {
        // A new connection has no part in what went wrong with this one.
        self.connection = None;
        if !is_damage(error) {
            return self.failed(&error.to_string());
        }
        match self.replace(&error.to_string()) {
            Ok(()) => Duration::ZERO,
            Err(error) => self.failed(&error),
        }
    }

    /// Says that the disk fails, once, and how long to wait.
    fn failed(&mut self, error: &str) -> Duration {
        let wait = self.retry;
        if wait == RETRY.0 {
            tracing::warn!(
                path = %self.files.path.display(),
                error,
                "event log cannot be written; events stay in memory until it can; is there room on the disk?"
            );
        }
        self.retry = (wait * 2).min(RETRY.1);
        self.gave_up = self.shared.state().wants_stop;
        wait
    }

    /// Moves a damaged database aside; the next write makes a new one.
    fn replace(&mut self, why: &str) -> Result<(), String> {
        self.connection = None;
        if let Some(readers) = &self.shared.readers {
            readers.forget();
        }
        let aside = self
            .files
            .move_aside()
            .map_err(|error| format!("it is damaged ({why}) and cannot be moved aside: {error}"))?;
        tracing::warn!(path = %self.files.path.display(), error = why, aside = %aside.display(), "event log is damaged; it was moved aside and a new one begins");
        self.shared.state().moved_aside = Some(aside);
        Ok(())
    }

    /// A reader found damage: is it so?
    fn verify(&mut self) {
        let Some(connection) = &self.connection else {
            return;
        };
        match schema::check(connection) {
            Err(Unfit::Damaged(why)) => {
                let moved = self.replace(&why);
                let wait = moved.map_or_else(|error| self.failed(&error), |()| Duration::ZERO);
                let mut state = self.shared.state();
                state.not_open(why, Instant::now() + wait);
                self.shared.told_by_writer(state);
            }
            Err(error) => tracing::debug!(?error, "event log not looked through"),
            Ok(()) => {}
        }
    }

    fn keep_size(&mut self, size: rusqlite::Result<Size>) {
        let Ok(size) = size else { return };
        self.shared.state().counts.used = size.used;
        if size.used > self.settings.max_bytes {
            self.retain();
        }
    }

    /// One step of what is to go.
    fn retain(&mut self) {
        if !self.files.path.exists() {
            // Somebody deleted it: what is written to it is for nobody.
            self.connection = None;
            self.shared.state().last_error = Some(String::from("the file was deleted"));
            let _ = self.ensure_open();
        }
        let is_more = match self.retain_step() {
            Ok(is_more) => is_more,
            Err(error) => {
                tracing::debug!(%error, "old events not deleted");
                let mut state = self.shared.state();
                state.suspect |= is_damage(&error);
                state.last_error = Some(error.to_string());
                false
            }
        };
        let pause = if is_more { Duration::ZERO } else { AGE_CHECK };
        self.retain_at = Instant::now() + pause;
    }

    /// True where there is more to do.
    fn retain_step(&mut self) -> rusqlite::Result<bool> {
        let Some(connection) = &mut self.connection else {
            return Ok(false);
        };
        let size = retention::size(connection)?;
        let hold = {
            let mut state = self.shared.state();
            state.counts.used = size.used;
            state.sinks.hold()
        };
        let step = retention::plan(connection, &self.settings, size.used, hold)?;
        let Some(last) = step.seqs.last() else {
            return retention::shrink(connection, size);
        };
        let places = {
            let mut state = self.shared.state();
            state.deleted(&step.seqs, last + 1);
            let end = state.settled + 1;
            state.sinks.take_dirty(end)
        };
        let deleted = retention::delete(connection, &step, &places);
        let mut state = self.shared.state();
        if deleted.is_err() {
            state.sinks.not_written(&places);
        } else {
            state.counts.aged += step.aged;
            state.counts.displaced += step.seqs.len() as u64 - step.aged;
        }
        deleted.map(|()| true)
    }

    fn close(mut self) {
        if let Some(connection) = self.connection.take()
            && !self.gave_up
            && let Err(error) = schema::set_meta(&connection, "closed", 1)
        {
            tracing::debug!(%error, "the log's end not noted");
        }
        if let Some(readers) = &self.shared.readers {
            readers.forget();
        }
        let mut state = self.shared.state();
        state.close();
        self.shared.told_by_writer(state);
    }
}
