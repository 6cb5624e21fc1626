//! The event log: every event in order of arrival, with a sequence number that
//! grows over restarts. The dashboard reads its history from it, and each sink
//! is a [`Cursor`] over it, so a slow sink holds up neither the capture nor
//! another sink.
//!
//! In: redacted events. Out: pages of history, single events, search, the tail,
//! and the place of each sink.
//!
//! The log is a SQLite database (`docs/decisions/0011-the-log-is-sqlite.md`).
//! [`EventLog::append`] puts an event in memory, where live readers see it at
//! once; a thread writes what is new, many events in one commit, and only then
//! may sinks read it. Old events are deleted by age once every sink has passed
//! them, and by size whoever has not, which is counted.
//!
//! Or it lives in memory, bounded by number and by bytes ([`EventLog::new`]).
//! When a bound is reached the oldest event goes; a cursor that had not passed
//! it yet learns how many it missed.

mod cursor;
mod disk;
mod error;
mod feed;
mod filter;
mod history;
mod log;
mod onlooker;
mod open;
mod settings;
mod shared;
mod sinks;
mod state;
mod status;
mod tail;
mod text;
mod words;
mod writer;

pub use cursor::Cursor;
pub use error::{OpenError, ReadError};
pub use feed::{Feed, Told};
pub use filter::Filter;
pub use history::{Events, History};
pub use log::EventLog;
pub use onlooker::Onlooker;
pub use settings::{Bounds, LogSettings};
pub use status::{StoreState, StoreStatus};
pub use tail::Stored;

#[cfg(test)]
mod tests;
