//! The capture backend of this system.

use std::path::PathBuf;

use oisp_core::capture::ProcessFilter;
use oisp_registry::Current;

use crate::config::{Plain, Whose};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod none;

#[cfg(target_os = "linux")]
pub use linux::{choose, doctor};
#[cfg(not(target_os = "linux"))]
pub use none::{choose, doctor};

/// What the user may set of a backend.
#[derive(Clone, Debug)]
pub struct BackendSettings {
    /// Whose traffic is captured.
    pub processes: ProcessFilter,
    /// The share of one processor that the sensor may use.
    pub cpu_share: Option<f64>,
    /// What processes that talk to AI do with files is told.
    pub files: bool,
    /// Folders of further signatures.
    pub signatures: Vec<PathBuf>,
    /// Bytes of the buffer between kernel and sensor.
    pub ring_bytes: Option<u32>,
    /// Connections without TLS.
    pub plain: Plain,
    /// Whose children's standard input and output is captured.
    pub stdio: Whose,
    /// What is known of programs.
    pub registry: Current,
}

impl Default for BackendSettings {
    fn default() -> Self {
        Self {
            processes: ProcessFilter::default(),
            cpu_share: None,
            files: true,
            signatures: Vec::new(),
            ring_bytes: None,
            plain: Plain::default(),
            stdio: Whose::default(),
            registry: Current::embedded(),
        }
    }
}

/// What a backend found out about this machine.
pub struct Report {
    /// For people.
    pub text: String,
    /// The same for programs.
    pub json: serde_json::Value,
    /// Capture can work here, and captures the process that was asked for.
    pub works: bool,
    /// It does not because a privilege is missing.
    pub lacks_privilege: bool,
}
