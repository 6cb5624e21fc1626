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
    /// The interpreter, where it runs a script.
    pub interpreter: Option<String>,
    /// The script that it runs.
    pub script_path: Option<String>,
    /// It runs a script; absent where that is not known.
    pub is_script: Option<bool>,
    /// It is a shell.
    pub is_shell: Option<bool>,
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
#[derive(Clone, Debug, Serialize)]
pub struct Exit {
    /// Exit code; 128 + signal where a signal ended it, as a shell shows it.
    pub exit_code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Name of that signal.
    pub signal_name: Option<String>,
    /// From start to end, milliseconds.
    pub runtime_ms: Option<u64>,
    /// Time on a processor in the program itself, milliseconds.
    pub cpu_user_ms: Option<u64>,
    /// Time on a processor in the kernel on its behalf, milliseconds.
    pub cpu_system_ms: Option<u64>,
    /// Most memory that was resident at a time, KiB.
    pub max_rss_kb: Option<u64>,
    /// `normal`, `signaled` or `coredump`.
    pub termination_type: &'static str,
}
