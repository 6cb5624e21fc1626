//! The sinks: each a cursor over the event log that delivers and moves on. A
//! sink that fails is tried again with the same events; a slow one holds up
//! neither the capture nor another sink.
//!
//! In: stored events. Out: whatever the sink writes.

pub mod jsonl;
mod runner;

use std::sync::Arc;

use oisp_store::Stored;

pub use runner::{RunningSink, SinkStatus, run};

/// A place that events are delivered to.
pub trait Sink: Send {
    /// The name in counters and messages.
    fn name(&self) -> &str;

    /// Delivers a batch, all of it or none: after an error the same events come
    /// again.
    ///
    /// # Errors
    /// When nothing of the batch was delivered.
    fn deliver(&mut self, batch: &[Arc<Stored>]) -> Result<(), DeliverError>;

    /// Called once after the last batch.
    ///
    /// # Errors
    /// When delivered events may not be durable.
    fn close(&mut self) -> Result<(), DeliverError>;
}

/// Why a batch was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The reader of the output went away: there is nobody to deliver to.
    #[error("the reader of the output is gone")]
    ReaderGone,
    /// The output could not be written.
    #[error("cannot write {target}: {source}")]
    Write {
        /// What was written to.
        target: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
}
