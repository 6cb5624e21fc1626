//! The sinks: each a cursor over the event log that delivers and moves on. A
//! sink that fails is tried again with the same events; a slow one holds up
//! neither the capture nor another sink.
//!
//! In: stored events. Out: whatever the sink writes, and for events that a
//! receiver will never take, a file of dead letters.
//!
//! [`run_with`] does for every sink what is not its own: it gathers batches
//! (`runner.rs`), filters (`filter.rs`), tries again (`retry.rs`), keeps dead
//! letters (`dead_letter.rs`), tells how the sink is doing (`status.rs`) and
//! commits the cursor once a batch is delivered or refused. Order is kept: no
//! event is delivered before an earlier one is delivered or refused.

#[cfg(test)]
mod compliance;
mod config;
mod dead_letter;
mod filter;
pub mod jsonl;
mod lines;
pub mod otlp;
mod resend;
mod retry;
mod runner;
mod sink;
mod status;
mod tls;
mod trial;
pub mod webhook;
pub mod websocket;

pub use config::{Common, ConfigError};
pub use dead_letter::{DeadLetter, DeadLetters, KeepError};
pub use resend::{ResendError, Resent, resend};
pub use retry::Retry;
pub use runner::{Batch, RunSettings, RunningSink, run, run_with};
pub use sink::{DeliverError, Delivered, Refused, Sink, Stopping};
pub use status::{LastError, SinkReport, SinkState, SinkStatus};
pub use tls::{TlsConfig, TlsError};
pub use trial::{TrialError, send_test};
