//! How a sink is doing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use oisp_core::Timestamp;
use oisp_core::counters::{Counter, Snapshot};
use serde::Serialize;

use crate::DeliverError;
use crate::dead_letter::now;

/// Failures in a row from which on a sink is said to fail.
const FAILING_AFTER: u32 = 5;

/// What a sink is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SinkState {
    /// Nothing was delivered yet.
    Starting,
    /// The last delivery went through.
    Healthy,
    /// The last delivery failed and is tried again.
    Retrying,
    /// It has failed for some time, or somebody must change something.
    Failing,
    /// It has ended.
    Stopped,
}

/// An error and its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastError {
    /// What went wrong.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// A sink's account of itself at one moment. What its cursor was given is
/// `delivered + refused + filtered + lag + dropped`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SinkReport {
    /// The sink.
    pub name: String,
    /// What it is doing.
    pub state: SinkState,
    /// Since when.
    pub since: Timestamp,
    /// Events that wait for it.
    pub lag: u64,
    /// The last error, also where it has been overcome.
    pub last_error: Option<LastError>,
    /// Events that the receiver has.
    pub delivered: u64,
    /// Deliveries that failed and were tried again.
    pub retried: u64,
    /// Events that the receiver will never take.
    pub refused: u64,
    /// Events that the sink's filter leaves out.
    pub filtered: u64,
    /// Events that the log let go before the sink took them.
    pub dropped: u64,
}

/// How a sink is doing, shared with who asks.
#[derive(Debug)]
pub struct SinkStatus {
    name: String,
    pub(crate) delivered: Counter,
    pub(crate) retried: Counter,
    pub(crate) refused: Counter,
    pub(crate) filtered: Counter,
    pub(crate) missed: Counter,
    pub(crate) lag: Counter,
    course: Mutex<Course>,
}

#[derive(Debug)]
struct Course {
    state: SinkState,
    since: Timestamp,
    failures: u32,
    last_error: Option<LastError>,
    is_reader_gone: bool,
}

impl SinkStatus {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            delivered: Counter::default(),
            retried: Counter::default(),
            refused: Counter::default(),
            filtered: Counter::default(),
            missed: Counter::default(),
            lag: Counter::default(),
            course: Mutex::new(Course {
                state: SinkState::Starting,
                since: now(),
                failures: 0,
                last_error: None,
                is_reader_gone: false,
            }),
        }
    }

    /// The sink's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Figures under `sink.NAME`. What the cursor was given to read is
    /// delivered + refused + filtered + queued + dropped.
    pub fn counters(&self) -> Snapshot {
        let figures = [
            ("delivered", &self.delivered),
            ("retried", &self.retried),
            ("refused", &self.refused),
            ("filtered", &self.filtered),
            ("dropped.log_full", &self.missed),
            ("queued", &self.lag),
        ];
        figures
            .map(|(figure, counter)| (format!("sink.{}.{figure}", self.name), counter.get()))
            .into()
    }

    /// All of it at one moment.
    pub fn report(&self) -> SinkReport {
        let course = self.course();
        SinkReport {
            name: self.name.clone(),
            state: course.state,
            since: course.since,
            lag: self.lag.get(),
            last_error: course.last_error.clone(),
            delivered: self.delivered.get(),
            retried: self.retried.get(),
            refused: self.refused.get(),
            filtered: self.filtered.get(),
            dropped: self.missed.get(),
        }
    }

    /// The last error since the last success.
    pub fn last_error(&self) -> Option<String> {
        let course = self.course();
        let error = course.last_error.as_ref()?;
        (course.failures > 0 || course.is_reader_gone).then(|| error.message.clone())
    }

    /// True once the sink has ended because nobody reads its output.
    pub fn is_reader_gone(&self) -> bool {
        self.course().is_reader_gone
    }

    pub(crate) fn succeeded(&self) {
        let mut course = self.course();
        course.failures = 0;
        course.enter(SinkState::Healthy);
    }

    /// Returns true for the first failure in a row.
    pub(crate) fn failed(&self, error: &DeliverError) -> bool {
        let mut course = self.course();
        course.failures = course.failures.saturating_add(1);
        course.note(error.to_string());
        let must_be_mended = matches!(error, DeliverError::Misconfigured(_));
        let state = match must_be_mended || course.failures >= FAILING_AFTER {
            true => SinkState::Failing,
            false => SinkState::Retrying,
        };
        course.enter(state);
        course.failures == 1
    }

    pub(crate) fn reader_gone(&self) {
        let mut course = self.course();
        course.is_reader_gone = true;
        course.note(DeliverError::ReaderGone.to_string());
    }

    pub(crate) fn stopped(&self) {
        self.course().enter(SinkState::Stopped);
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Course {
    fn enter(&mut self, state: SinkState) {
        if self.state != state {
            self.state = state;
            self.since = now();
        }
    }

    fn note(&mut self, message: String) {
        self.last_error = Some(LastError { message, at: now() });
    }
}
