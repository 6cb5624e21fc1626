//! Raw capture: what a backend saw, before anything is decoded.

use std::net::{IpAddr, SocketAddr};
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
    /// Plaintext of a connection.
    Tls(TlsEvent),
    /// What a process did with a file.
    File(FileEvent),
    /// What a process did on the network.
    Net(NetEvent),
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
        /// What it used in all.
        usage: Usage,
    },
}

/// What a process used from its start to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time on a processor in the program itself.
    pub cpu_user_ms: Option<u64>,
    /// Time on a processor in the kernel on its behalf.
    pub cpu_system_ms: Option<u64>,
    /// Most memory that was resident at a time, KiB.
    pub max_rss_kb: Option<u64>,
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
    /// The script that was started, where `exe` is its interpreter.
    pub script: Option<String>,
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
    /// The container that it runs in.
    pub container: Option<Arc<Container>>,
    /// macOS bundle identifier.
    pub bundle_id: Option<String>,
}

/// A container, as far as its files and its control group tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Its id: 64 hexadecimal digits for most runtimes.
    pub id: String,
    /// What runs it: `docker`, `containerd`, `cri-o`, `podman`, `lxc`.
    pub runtime: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The image that it was made of.
    pub image: Option<String>,
    /// Name of the Kubernetes pod.
    pub pod_name: Option<String>,
    /// Unique id of the Kubernetes pod.
    pub pod_uid: Option<String>,
    /// Namespace of the Kubernetes pod.
    pub pod_namespace: Option<String>,
}

/// What a process did with a file. Operations of one kind on one file within a
/// short time are one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileEvent {
    /// Opened, and what for.
    Open {
        /// Absolute path.
        path: String,
        /// What the process asked for.
        access: Access,
        /// How many times.
        times: u32,
    },
    /// Written to; told when the file is closed, or now and then while it stays
    /// open.
    Write {
        /// Absolute path.
        path: String,
        /// Bytes since the last event.
        bytes: u64,
        /// Write calls since the last event.
        times: u32,
        /// The process made the file.
        created: bool,
        /// The process emptied the file when it opened it.
        truncated: bool,
        /// Size of the file after it.
        size: Option<u64>,
    },
    /// Removed.
    Delete {
        /// Absolute path.
        path: String,
        /// It was a directory.
        is_directory: bool,
    },
    /// Renamed or moved.
    Rename {
        /// Absolute path before.
        from: String,
        /// Absolute path after.
        to: String,
    },
}

/// What a file was opened for.
#[expect(
    clippy::struct_excessive_bools,
    reason = "open(2) has that many independent flags"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Access {
    /// Reading.
    pub read: bool,
    /// Writing.
    pub write: bool,
    /// Every write goes to the end.
    pub append: bool,
    /// Made, because it was not there.
    pub created: bool,
    /// Emptied.
    pub truncated: bool,
}

/// What a process did on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetEvent {
    /// It asked for a connection; told when the answer is known.
    Connect {
        /// Its own end, where the kernel had chosen one.
        local: Option<SocketAddr>,
        /// The other end.
        remote: SocketAddr,
        /// The error number (`errno`) where it failed.
        error: Option<i32>,
        /// From the request to the answer, nanoseconds.
        latency_ns: Option<u64>,
    },
    /// It took a connection that another asked for.
    Accept {
        /// Its own end.
        local: SocketAddr,
        /// The other end.
        remote: SocketAddr,
    },
    /// A connection ended.
    Close {
        /// Its own end.
        local: SocketAddr,
        /// The other end.
        remote: SocketAddr,
        /// The process had asked for it; absent where the capture came later.
        outbound: Option<bool>,
        /// Bytes sent, as far as the other end acknowledged them.
        bytes_sent: Option<u64>,
        /// Bytes received.
        bytes_received: Option<u64>,
        /// How long it was open, nanoseconds.
        duration_ns: Option<u64>,
    },
    /// A name was resolved.
    Resolved {
        /// The name that was asked for, without the last dot.
        name: String,
        /// Type of the question: `A`, `AAAA`, …
        query_type: String,
        /// `NOERROR`, `NXDOMAIN`, …
        response_code: String,
        /// The addresses in the answer.
        addresses: Vec<IpAddr>,
        /// Who answered.
        resolver: Option<SocketAddr>,
        /// From the question to the answer, nanoseconds.
        latency_ns: Option<u64>,
    },
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
        /// What carries the bytes.
        transport: Transport,
    },
    /// The TCP connection below became known, by truthful means. May repeat.
    Socket {
        /// The process's own end.
        local: SocketAddr,
        /// The other end.
        remote: SocketAddr,
    },
    /// The name that the client asks the server's certificate for (SNI).
    ServerName(String),
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

/// What carries the bytes of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A TLS session.
    #[default]
    Tls,
    /// A TCP connection without TLS.
    Tcp,
    /// The standard streams of a child process: its parent writes its standard
    /// input and reads its standard output.
    Stdio,
}

impl Transport {
    /// The name used in capture files and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Tcp => "tcp",
            Self::Stdio => "stdio",
        }
    }

    /// The transport of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Tls, Self::Tcp, Self::Stdio]
            .into_iter()
            .find(|transport| transport.as_str() == name)
    }
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
    /// The sensor had used up its share of the processor, and left this
    /// connection out.
    Shed,
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
            Self::Shed => "shed",
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
            "shed" => Self::Shed,
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
