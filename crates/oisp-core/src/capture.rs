//! What a capture backend is to the pipeline.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use crate::RawEvent;
use crate::counters::Snapshot;

/// Where a backend puts its records. Sending blocks while the pipeline is
/// behind: the backend's own buffer (the kernel's ring) then fills, and what
/// does not fit there is counted and becomes a gap. The observed process never
/// waits.
pub type RawSender = SyncSender<RawEvent>;

/// Why a capture could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The user lacks a privilege: exit code 3.
    #[error("{what}: {remedy}")]
    Privilege {
        /// What failed and which privilege is missing.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The machine lacks something the backend needs.
    #[error("{what}: {remedy}")]
    Unsupported {
        /// What failed and why.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// An operation failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// Anything else, in the backend's words.
    #[error("{0}")]
    Other(String),
}

/// A source of raw events that is not started yet.
pub trait CaptureBackend: Send {
    /// The name in counters and messages: `ebpf`, `replay`.
    fn name(&self) -> &'static str;

    /// Attaches, and sends from threads of its own until told to stop. When it
    /// returns, capture is attached: what observed programs do from then on is
    /// seen.
    ///
    /// # Errors
    /// When nothing can be captured at all.
    fn start(self: Box<Self>, out: RawSender) -> Result<Box<dyn RunningCapture>, CaptureError>;
}

/// A capture that runs.
pub trait RunningCapture: Send {
    /// A view of the backend for status pages, kept by the caller while the
    /// capture runs.
    fn status(&self) -> Arc<dyn CaptureStatus>;

    /// True once the source has ended by itself, such as a capture file.
    fn is_finished(&self) -> bool;

    /// Detaches, sends what is still buffered, ends the threads and drops the
    /// sender.
    fn stop(self: Box<Self>);
}

/// What a running backend tells of itself.
pub trait CaptureStatus: Send + Sync {
    /// Figures: records, bytes, drops by cause.
    fn counters(&self) -> Snapshot;

    /// Free-form details for `/api/doctor`: what is attached where, and what is
    /// not and why.
    fn details(&self) -> serde_json::Value;
}
