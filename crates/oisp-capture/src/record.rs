//! One line of a capture file.

use std::net::SocketAddr;

use oisp_core::raw::Container;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::ops::{FileOp, NetOp};

/// A record as it stands in the file.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Record {
    /// Free-form id, for people.
    pub id: Option<Text>,
    /// Nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// What is recorded.
    pub kind: String,
    /// Process id.
    pub pid: u32,
    /// Thread id.
    pub tid: Option<u32>,
    /// Plaintext in base64.
    pub data: Option<String>,
    /// Everything else.
    #[serde(default)]
    pub metadata: Metadata,
    /// The other end.
    pub remote_host: Option<String>,
    /// Its port.
    pub remote_port: Option<u16>,
    /// Direction of a gap, where it does not stand in the metadata.
    pub direction: Option<String>,
}

/// What a record tells beside its bytes. Each kind uses some of it.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Metadata {
    pub comm: Option<String>,
    pub exe: Option<String>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub user: Option<String>,
    pub fd: Option<i64>,
    pub ppid: Option<u32>,
    pub bundle_id: Option<String>,
    pub args: Option<Vec<String>>,
    pub cwd: Option<String>,
    pub cgroup: Option<String>,
    pub started_ns: Option<u64>,
    pub conn_id: Option<Text>,
    pub offset: Option<u64>,
    pub gap_bytes: Option<u64>,
    pub cause: Option<String>,
    pub direction: Option<String>,
    pub child_pid: Option<u32>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub core_dumped: Option<bool>,
    pub runtime_ms: Option<u64>,
    pub cpu_user_ms: Option<u64>,
    pub cpu_system_ms: Option<u64>,
    pub max_rss_kb: Option<u64>,
    pub script: Option<String>,
    pub container: Option<ContainerRecord>,
    pub transport: Option<String>,
    pub local: Option<SocketAddr>,
    pub remote: Option<SocketAddr>,
    pub server_name: Option<String>,
    pub file: Option<Box<FileOp>>,
    pub net: Option<Box<NetOp>>,
}

/// The container of a process.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ContainerRecord {
    pub id: String,
    pub runtime: Option<String>,
    pub name: Option<String>,
    pub image: Option<String>,
    pub pod_name: Option<String>,
    pub pod_uid: Option<String>,
    pub pod_namespace: Option<String>,
}

impl From<&Container> for ContainerRecord {
    fn from(container: &Container) -> Self {
        let Container {
            id,
            runtime,
            name,
            image,
            pod_name,
            pod_uid,
            pod_namespace,
        } = container.clone();
        Self {
            id,
            runtime,
            name,
            image,
            pod_name,
            pod_uid,
            pod_namespace,
        }
    }
}

impl From<ContainerRecord> for Container {
    fn from(record: ContainerRecord) -> Self {
        let ContainerRecord {
            id,
            runtime,
            name,
            image,
            pod_name,
            pod_uid,
            pod_namespace,
        } = record;
        Self {
            id,
            runtime,
            name,
            image,
            pod_name,
            pod_uid,
            pod_namespace,
        }
    }
}

/// A name that some writers give as a number.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Text {
    Text(String),
    Number(serde_json::Number),
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}
