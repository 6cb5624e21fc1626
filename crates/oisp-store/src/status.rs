//! How the log is doing.

use std::path::PathBuf;

use oisp_core::counters::Snapshot;
use serde::Serialize;

use crate::state::{Health, State};

/// How the log is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreStatus {
    /// Whether events reach the disk.
    pub state: StoreState,
    /// The database.
    pub path: Option<PathBuf>,
    /// Why they do not, or what went wrong last.
    pub last_error: Option<String>,
    /// Where a damaged database was moved to.
    pub moved_aside: Option<PathBuf>,
    /// Events on disk since the start.
    pub committed: u64,
    /// Events that wait for the disk.
    pub pending: u64,
    /// Events that were there already, by their id.
    pub duplicates: u64,
    /// Events that never got to the disk.
    pub dropped: u64,
    /// Events deleted by age.
    pub aged: u64,
    /// Events deleted because the log was full.
    pub displaced: u64,
    /// Questions that the database did not answer.
    pub read_errors: u64,
    /// Bytes of the database in use.
    pub bytes: u64,
}

/// Whether events reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreState {
    /// The log is in memory only.
    Memory,
    /// They do.
    Healthy,
    /// They do not: they are kept in memory, within a bound, and written when
    /// the disk can.
    Failing,
    /// Nothing is written any more.
    Closed,
}

impl StoreStatus {
    pub(crate) fn of(state: &State, path: Option<PathBuf>) -> Self {
        let counts = &state.counts;
        let (now, error) = match &state.health {
            Health::Memory => (StoreState::Memory, None),
            Health::Healthy => (StoreState::Healthy, None),
            Health::Failing { error, .. } => (StoreState::Failing, Some(error.clone())),
            Health::Closed => (StoreState::Closed, None),
        };
        Self {
            state: now,
            path,
            last_error: error.or_else(|| state.last_error.clone()),
            moved_aside: state.moved_aside.clone(),
            committed: counts.committed,
            pending: state.last_seq - state.settled,
            duplicates: counts.duplicates,
            dropped: counts.dropped,
            aged: counts.aged,
            displaced: counts.displaced,
            read_errors: counts.read_errors,
            bytes: counts.used,
        }
    }

    /// Figures under `store`. Of a log on disk, what was appended is committed +
    /// pending + duplicates + dropped.
    pub fn counters(&self) -> Snapshot {
        if self.state == StoreState::Memory {
            return [(String::from("store.duplicates"), self.duplicates)].into();
        }
        let figures = [
            ("committed", self.committed),
            ("pending", self.pending),
            ("duplicates", self.duplicates),
            ("dropped.disk", self.dropped),
            ("deleted.age", self.aged),
            ("deleted.size", self.displaced),
            ("read_errors", self.read_errors),
            ("bytes", self.bytes),
        ];
        figures
            .map(|(figure, count)| (format!("store.{figure}"), count))
            .into()
    }
}
