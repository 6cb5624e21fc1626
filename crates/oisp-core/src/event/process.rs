//! Payloads of `process.exec`, `process.fork` and `process.exit`.

use serde::Serialize;
use serde_with::skip_serializing_none;

/// A program was started.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Exec {
    /// Path of the executable.
    pub exe: String,
    /// Arguments, the program's own name first.
    pub args: Option<Vec<String>>,
    /// Working directory.
    pub cwd: Option<String>,
}

/// A process made a child.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Fork {
    /// The new process.
    pub child_pid: u32,
    /// Always false: threads are not reported.
    pub is_thread: bool,
}

/// A process ended.
#[skip_serializing_none]
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Exit {
    /// Exit code; 128 + signal where a signal ended it, as a shell shows it.
    pub exit_code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// From start to end, milliseconds.
    pub runtime_ms: Option<u64>,
    /// `normal`, `signaled` or `coredump`.
    pub termination_type: &'static str,
}
