//! The event log: every event in order of arrival, with a sequence number.
//! The dashboard reads its history from it, and each sink is a [`Cursor`] over
//! it, so a slow sink holds up neither the capture nor another sink.
//!
//! In: redacted events. Out: pages of history, single events, and the tail.
//!
//! This log lives in memory and is bounded by number and by bytes. When a
//! bound is reached the oldest event goes; a cursor that had not passed it yet
//! learns how many it missed, and the loss is counted.

mod feed;
mod log;

pub use feed::{Feed, Told};
pub use log::{Bounds, Cursor, EventLog, Filter, Onlooker, Stored};
