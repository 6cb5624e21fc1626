//! Raw capture: what a backend saw, before anything is decoded.

use std::sync::Arc;

use bytes::Bytes;

use crate::{ConnId, Timestamp};

/// One record of a capture backend.
#[derive(Clone, Debug, PartialEq)]
pub struct RawEvent {
    /// When it happened, by the clock of the captured machine.
    pub at: Timestamp,
    /// Process id in the root pid namespace.
    pub pid: u32,
    /// Thread id: context, never an identity.
    pub tid: u32,
    /// What happened.
    pub kind: RawKind,
}

/// What a [`RawEvent`] reports.
#[derive(Clone, Debug, PartialEq)]
pub enum RawKind {
    /// The life of a process.
    Process(ProcessEvent),
    /// Plaintext of a TLS connection.
    Tls(TlsEvent),
}

/// The life of a process.
#[derive(Clone, Debug, PartialEq)]
pub enum ProcessEvent {
    /// A process that was there before the capture, or whose start was missed.
    /// Makes no event; its facts describe the events of that process.
    Seen(Arc<ProcessFacts>),
    /// A program was started.
    Exec(Arc<ProcessFacts>),
    /// A process made a child.
    Fork {
        /// The new process.
        child_pid: u32,
    },
    /// A process ended.
    Exit {
        /// Exit code; absent where a signal ended the process.
        code: Option<i32>,
        /// The signal that ended it.
        signal: Option<i32>,
        /// A core was dumped.
        core_dumped: bool,
        /// From its start to its end.
        runtime_ms: Option<u64>,
    },
}

/// What is known of a process. Every field is absent where it could not be
/// read; none is guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessFacts {
    /// Process id.
    pub pid: u32,
    /// Parent process id.
    pub ppid: Option<u32>,
    /// Path of the executable.
    pub exe: Option<String>,
    /// Short name, at most 15 bytes on Linux.
    pub comm: Option<String>,
    /// Arguments, the program's own name first.
    pub args: Option<Vec<String>>,
    /// Working directory.
    pub cwd: Option<String>,
    /// User id.
    pub uid: Option<u32>,
    /// Group id.
    pub gid: Option<u32>,
    /// User name.
    pub user: Option<String>,
    /// When the process started.
    pub started: Option<Timestamp>,
    /// Control group path.
    pub cgroup: Option<String>,
    /// macOS bundle identifier.
    pub bundle_id: Option<String>,
}

/// Plaintext of a TLS connection, or of one without TLS.
#[derive(Clone, Debug, PartialEq)]
pub struct TlsEvent {
    /// The connection.
    pub conn: ConnId,
    /// What happened on it.
    pub what: TlsKind,
}

/// What happened on a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum TlsKind {
    /// The connection is new, or its peer became known. May repeat.
    Opened {
        /// The other end, where it is known by truthful means.
        remote: Option<Remote>,
    },
    /// Plaintext, in order within its direction.
    Data {
        /// Which way it went.
        direction: Direction,
        /// Position of the first byte in that direction's plaintext.
        offset: u64,
        /// The bytes.
        bytes: Bytes,
    },
    /// Plaintext that went by and was not captured.
    Gap {
        /// Which way it went.
        direction: Direction,
        /// Position of the first missing byte.
        offset: u64,
        /// Number of missing bytes; 0 where it is not known, or where the
        /// capture merely began after the connection.
        len: u64,
        /// Why.
        cause: GapCause,
    },
    /// The connection ended.
    Closed,
}

/// Which way bytes went, seen from the captured process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Written by the process.
    Outgoing,
    /// Read by the process.
    Incoming,
}

/// Why bytes are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GapCause {
    /// The kernel's ring buffer was full.
    RingFull,
    /// The memory could not be read from the probe.
    ReadFault,
    /// No room to keep the call's arguments between entry and return.
    Scratch,
    /// The call carried more than the capture takes from one call.
    CallTooLarge,
    /// The capture was attached after the connection had begun.
    LateAttach,
    /// Another cause, or one that was not told.
    Other,
}

impl GapCause {
    /// The name used in counters, capture files and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RingFull => "ring_full",
            Self::ReadFault => "read_fault",
            Self::Scratch => "scratch",
            Self::CallTooLarge => "call_too_large",
            Self::LateAttach => "late_attach",
            Self::Other => "other",
        }
    }

    /// The cause of that name; `Other` for a name this version does not know.
    pub fn parse(name: &str) -> Self {
        match name {
            "ring_full" => Self::RingFull,
            "read_fault" => Self::ReadFault,
            "scratch" => Self::Scratch,
            "call_too_large" => Self::CallTooLarge,
            "late_attach" => Self::LateAttach,
            _ => Self::Other,
        }
    }
}

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Name or address.
    pub host: String,
    /// Port, where known.
    pub port: Option<u16>,
}
