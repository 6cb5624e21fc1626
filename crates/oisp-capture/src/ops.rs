//! Files and the network as records tell of them: `metadata.file` of a `FileOp`
//! and `metadata.net` of a `NetOp`. In: what a line says. Out: the raw event,
//! and the other way.

use std::net::{IpAddr, SocketAddr};

use oisp_core::raw::Access;
use oisp_core::{FileEvent, NetEvent};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// What a process did with a file.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum FileOp {
    Open {
        path: String,
        #[serde(default)]
        flags: Vec<Flag>,
        #[serde(default = "once")]
        times: u32,
    },
    Write {
        path: String,
        bytes: u64,
        #[serde(default = "once")]
        times: u32,
        #[serde(default)]
        created: bool,
        #[serde(default)]
        truncated: bool,
        size: Option<u64>,
    },
    Delete {
        path: String,
        #[serde(default)]
        is_directory: bool,
    },
    Rename {
        path: String,
        new_path: String,
    },
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What a file was opened for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flag {
    Read,
    Write,
    Append,
    Create,
    Truncate,
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What a process did on the network.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum NetOp {
    Connect {
        local: Option<SocketAddr>,
        remote: SocketAddr,
        errno: Option<i32>,
        latency_ns: Option<u64>,
    },
    Accept {
        local: SocketAddr,
        remote: SocketAddr,
    },
    Close {
        local: SocketAddr,
        remote: SocketAddr,
        outbound: Option<bool>,
        bytes_sent: Option<u64>,
        bytes_received: Option<u64>,
        duration_ns: Option<u64>,
    },
    Resolved {
        name: String,
        query_type: String,
        response_code: String,
        #[serde(default)]
        addresses: Vec<IpAddr>,
        resolver: Option<SocketAddr>,
        latency_ns: Option<u64>,
    },
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

const fn once() -> u32 {
    1
}

fn flags_of(access: Access) -> Vec<Flag> {
    let each = [
        (access.read, Flag::Read),
        (access.write, Flag::Write),
        (access.append, Flag::Append),
        (access.created, Flag::Create),
        (access.truncated, Flag::Truncate),
    ];
    let set = each.into_iter().filter(|(is_set, _)| *is_set);
    set.map(|(_, flag)| flag).collect()
}

fn access_of(flags: &[Flag]) -> Access {
    let has = |flag| flags.contains(&flag);
    Access {
        read: has(Flag::Read),
        write: has(Flag::Write),
        append: has(Flag::Append),
        created: has(Flag::Create),
        truncated: has(Flag::Truncate),
    }
}

impl From<&FileEvent> for FileOp {
    fn from(event: &FileEvent) -> Self {
        match event.clone() {
            FileEvent::Open {
                path,
                access,
                times,
            } => Self::Open {
                path,
                flags: flags_of(access),
                times,
            },
            FileEvent::Write {
                path,
                bytes,
                times,
                created,
                truncated,
                size,
            } => Self::Write {
                path,
                bytes,
                times,
                created,
                truncated,
                size,
            },
            FileEvent::Delete { path, is_directory } => Self::Delete { path, is_directory },
            FileEvent::Rename { from, to } => Self::Rename {
                path: from,
                new_path: to,
            },
        }
    }
}

impl FileOp {
    /// The raw event; `None` for an operation that is not known.
    pub(crate) fn event(self) -> Option<FileEvent> {
        Some(match self {
            Self::Open { path, flags, times } => FileEvent::Open {
                path,
                access: access_of(&flags),
                times,
            },
            Self::Write {
                path,
                bytes,
                times,
                created,
                truncated,
                size,
            } => FileEvent::Write {
                path,
                bytes,
                times,
                created,
                truncated,
                size,
            },
            Self::Delete { path, is_directory } => FileEvent::Delete { path, is_directory },
            Self::Rename { path, new_path } => FileEvent::Rename {
                from: path,
                to: new_path,
            },
            Self::Unknown => return None,
        })
    }
}

impl From<&NetEvent> for NetOp {
    fn from(event: &NetEvent) -> Self {
        match event.clone() {
            NetEvent::Connect {
                local,
                remote,
                error,
                latency_ns,
            } => Self::Connect {
                local,
                remote,
                errno: error,
                latency_ns,
            },
            NetEvent::Accept { local, remote } => Self::Accept { local, remote },
            NetEvent::Close {
                local,
                remote,
                outbound,
                bytes_sent,
                bytes_received,
                duration_ns,
            } => Self::Close {
                local,
                remote,
                outbound,
                bytes_sent,
                bytes_received,
                duration_ns,
            },
            NetEvent::Resolved {
                name,
                query_type,
                response_code,
                addresses,
                resolver,
                latency_ns,
            } => Self::Resolved {
                name,
                query_type,
                response_code,
                addresses,
                resolver,
                latency_ns,
            },
        }
    }
}

impl NetOp {
    /// The raw event; `None` for an operation that is not known.
    pub(crate) fn event(self) -> Option<NetEvent> {
        Some(match self {
            Self::Connect {
                local,
                remote,
                errno,
                latency_ns,
            } => NetEvent::Connect {
                local,
                remote,
                error: errno,
                latency_ns,
            },
            Self::Accept { local, remote } => NetEvent::Accept { local, remote },
            Self::Close {
                local,
                remote,
                outbound,
                bytes_sent,
                bytes_received,
                duration_ns,
            } => NetEvent::Close {
                local,
                remote,
                outbound,
                bytes_sent,
                bytes_received,
                duration_ns,
            },
            Self::Resolved {
                name,
                query_type,
                response_code,
                addresses,
                resolver,
                latency_ns,
            } => NetEvent::Resolved {
                name,
                query_type,
                response_code,
                addresses,
                resolver,
                latency_ns,
            },
            Self::Unknown => return None,
        })
    }
}
