//! The database on disk: its files, its schema, and what is read from and
//! written to it. Nothing here knows of threads or of events in memory.

pub(crate) mod files;
pub(crate) mod index;
pub(crate) mod lock;
mod private;
pub(crate) mod read;
pub(crate) mod retention;
pub(crate) mod schema;
pub(crate) mod write;

use crate::sinks::Written;

/// What a log begins with.
#[derive(Debug)]
pub(crate) struct Start {
    /// The last position that was given away.
    pub last_seq: u64,
    /// The oldest event, or where it will be.
    pub floor: u64,
    /// Where the sinks stood.
    pub places: Vec<Written>,
}

/// A position as SQLite takes it.
pub(crate) fn to_sql(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// A position as SQLite gives it.
pub(crate) fn from_sql(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}
