//! OISP v0.1 events: the envelope and the payload of each event type.
//!
//! The field names and enumerations are the schema's. What is not known is
//! absent, never a zero or an empty string. What the schema has no place for
//! goes to [`Event::attrs`] (flat, `oisp.*` and OpenTelemetry names) or to
//! [`Event::ext`].

pub mod agent;
pub mod ai;
pub mod file;
pub mod network;
pub mod process;
mod safe;

use serde::Serialize;
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

use crate::{EventId, Timestamp};

pub use safe::SafeEvent;

/// The version of the specification that events follow.
pub const OISP_VERSION: &str = "0.1";

/// One event, not redacted yet: it must pass `oisp-redact` before it leaves
/// memory.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// [`OISP_VERSION`].
    pub oisp_version: &'static str,
    /// Unique and stable: the same bytes decoded twice give the same id.
    pub event_id: EventId,
    /// Capture time.
    pub ts: Timestamp,
    /// The machine.
    pub host: Option<Host>,
    /// The user.
    pub actor: Option<Actor>,
    /// The process.
    pub process: Option<Process>,
    /// The program, where it is a known one.
    pub app: Option<App>,
    /// Where the event comes from.
    pub source: Source,
    /// How far it can be trusted, and what is missing.
    pub confidence: Confidence,
    /// `event_type` and `data`.
    #[serde(flatten)]
    pub data: Data,
    /// Flat additional attributes.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub attrs: Map<String, Value>,
    /// Namespaced extensions.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub ext: Map<String, Value>,
    /// Ties to other events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_events: Vec<Related>,
    /// The trace that it belongs to.
    pub trace_context: Option<TraceContext>,
}

/// The payload, by event type.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event_type", content = "data")]
pub enum Data {
    /// A call to a model.
    #[serde(rename = "ai.request")]
    AiRequest(Box<ai::Request>),
    /// Its answer.
    #[serde(rename = "ai.response")]
    AiResponse(Box<ai::Response>),
    /// A piece of a streamed answer.
    #[serde(rename = "ai.streaming_chunk")]
    StreamingChunk(Box<ai::StreamingChunk>),
    /// Texts that were embedded.
    #[serde(rename = "ai.embedding")]
    Embedding(Box<ai::Embedding>),
    /// A tool that a model asked for.
    #[serde(rename = "agent.tool_call")]
    ToolCall(Box<agent::ToolCall>),
    /// What a tool gave back.
    #[serde(rename = "agent.tool_result")]
    ToolResult(Box<agent::ToolResult>),
    /// A session of an agent.
    #[serde(rename = "agent.session")]
    Session(Box<agent::Session>),
    /// A program start.
    #[serde(rename = "process.exec")]
    ProcessExec(Box<process::Exec>),
    /// A process made a child.
    #[serde(rename = "process.fork")]
    ProcessFork(process::Fork),
    /// A process ended.
    #[serde(rename = "process.exit")]
    ProcessExit(Box<process::Exit>),
    /// A file was opened.
    #[serde(rename = "file.open")]
    FileOpen(Box<file::Open>),
    /// A file was written to.
    #[serde(rename = "file.write")]
    FileWrite(Box<file::Write>),
    /// A file was removed.
    #[serde(rename = "file.delete")]
    FileDelete(Box<file::Delete>),
    /// A file was renamed.
    #[serde(rename = "file.rename")]
    FileRename(Box<file::Rename>),
    /// A process asked for a connection.
    #[serde(rename = "network.connect")]
    NetworkConnect(Box<network::Connect>),
    /// A process took a connection.
    #[serde(rename = "network.accept")]
    NetworkAccept(Box<network::Accept>),
    /// A connection ended.
    #[serde(rename = "network.flow")]
    NetworkFlow(Box<network::Flow>),
    /// A name was resolved.
    #[serde(rename = "network.dns")]
    NetworkDns(Box<network::Dns>),
}

impl Data {
    /// The event type's name.
    pub const fn event_type(&self) -> &'static str {
        match self {
            Self::AiRequest(_) => "ai.request",
            Self::AiResponse(_) => "ai.response",
            Self::StreamingChunk(_) => "ai.streaming_chunk",
            Self::Embedding(_) => "ai.embedding",
            Self::ToolCall(_) => "agent.tool_call",
            Self::ToolResult(_) => "agent.tool_result",
            Self::Session(_) => "agent.session",
            Self::ProcessExec(_) => "process.exec",
            Self::ProcessFork(_) => "process.fork",
            Self::ProcessExit(_) => "process.exit",
            Self::FileOpen(_) => "file.open",
            Self::FileWrite(_) => "file.write",
            Self::FileDelete(_) => "file.delete",
            Self::FileRename(_) => "file.rename",
            Self::NetworkConnect(_) => "network.connect",
            Self::NetworkAccept(_) => "network.accept",
            Self::NetworkFlow(_) => "network.flow",
            Self::NetworkDns(_) => "network.dns",
        }
    }

    /// The part of [`Data::event_type`] before the dot: `ai`, `agent`,
    /// `process`, `file` or `network`.
    pub fn family(&self) -> &'static str {
        let name = self.event_type();
        name.split_once('.').map_or(name, |(family, _)| family)
    }
}

/// The machine an event comes from.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Host {
    /// Host name.
    pub hostname: Option<String>,
    /// A stable id of the machine.
    pub device_id: Option<String>,
    /// `linux`, `darwin`, `windows`, `freebsd` or `other`.
    pub os: Option<&'static str>,
    /// Distribution or release.
    pub os_version: Option<String>,
    /// `x86_64`, `aarch64`, `arm`, `i686` or `other`.
    pub arch: Option<&'static str>,
    /// Kernel release.
    pub kernel_version: Option<String>,
    /// Where the machine is hosted.
    pub cloud: Option<Cloud>,
}

/// The cloud that a machine is hosted in.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cloud {
    /// `aws`, `gcp`, `azure`, `digitalocean` or `other`.
    pub provider: Option<&'static str>,
    /// Its region.
    pub region: Option<String>,
    /// Its id of the machine.
    pub instance_id: Option<String>,
    /// Its name of the machine's kind.
    pub instance_type: Option<String>,
}

/// The user a process runs as.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Actor {
    /// User id.
    pub uid: Option<u32>,
    /// Group id.
    pub gid: Option<u32>,
    /// User name.
    pub user: Option<String>,
    /// Runs as root or administrator.
    pub is_elevated: Option<bool>,
}

/// The process an event is about.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Parent process id.
    pub ppid: Option<u32>,
    /// Path of the executable.
    pub exe: Option<String>,
    /// Short name.
    pub name: Option<String>,
    /// Command line.
    pub cmdline: Option<String>,
    /// Working directory.
    pub cwd: Option<String>,
    /// When it started.
    pub start_time: Option<Timestamp>,
    /// macOS bundle identifier.
    pub bundle_id: Option<String>,
    /// The parent.
    pub parent: Option<ProcessRef>,
    /// Parent, grandparent and so on, nearest first.
    pub ancestors: Option<Vec<ProcessRef>>,
    /// Thread, where the event belongs to one.
    pub thread_id: Option<u32>,
    /// Control group path.
    pub cgroup: Option<String>,
    /// Id of the container that it runs in.
    pub container_id: Option<String>,
}

/// The program that an event is about.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct App {
    /// Its id in the registry.
    pub app_id: String,
    /// For people.
    pub name: String,
    /// Who makes it.
    pub vendor: Option<String>,
    /// Its version, where it says so itself.
    pub version: Option<String>,
    /// `dev_tools`, `chat`, `productivity`, `creative`, `browser`, `cli`,
    /// `server` or `other`.
    pub category: &'static str,
    /// `identified`: it was recognised.
    pub tier: &'static str,
    /// It uses AI.
    pub is_ai_app: bool,
    /// It hosts what uses AI.
    pub is_ai_host: bool,
    /// `native`, `web`, `extension`, `cli` or `server`.
    #[serde(rename = "type")]
    pub kind: Option<&'static str>,
}

/// Another process, in short.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct ProcessRef {
    /// Process id.
    pub pid: u32,
    /// Path of the executable.
    pub exe: Option<String>,
    /// Short name.
    pub name: Option<String>,
    /// Command line.
    pub cmdline: Option<String>,
}

/// Where an event comes from.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// Always `oisp-sensor`.
    pub collector: &'static str,
    /// The sensor's version.
    pub collector_version: &'static str,
    /// `ebpf_uprobe`, `ebpf_tracepoint`, `tls_boundary`, `mitm_proxy`, …;
    /// absent where the capture's records do not tell.
    pub capture_method: Option<&'static str>,
    /// `ssl_write`, `ssl_read`, `execve`, …
    pub capture_point: Option<&'static str>,
}

impl Source {
    /// This sensor, by that method and at that point.
    pub const fn new(method: &'static str, point: &'static str) -> Self {
        Self {
            collector: "oisp-sensor",
            collector_version: env!("CARGO_PKG_VERSION"),
            capture_method: Some(method),
            capture_point: Some(point),
        }
    }

    /// This sensor at that point, by a method that the records do not tell.
    pub const fn at(point: &'static str) -> Self {
        Self {
            capture_method: None,
            ..Self::new("", point)
        }
    }
}

/// How far an event can be trusted, and what is missing of it.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Confidence {
    /// Overall.
    pub level: Level,
    /// How much of the exchange was captured.
    pub completeness: Completeness,
    /// Why the level is what it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What is known to be missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// `direct`: the probe ran in the process itself.
    pub process_attribution: Option<&'static str>,
    /// `tls_boundary`, `none`, …
    pub content_source: Option<&'static str>,
    /// `known_endpoint` or `payload_inspection`.
    pub ai_detection_method: Option<&'static str>,
    /// The event is one of many, kept by this share.
    pub sample_rate: Option<f64>,
    /// Something was redacted.
    pub redaction_applied: Option<bool>,
    /// The redaction mode.
    pub redaction_profile: Option<&'static str>,
}

impl Confidence {
    /// Seen whole, and by direct observation.
    pub const fn full() -> Self {
        Self {
            level: Level::High,
            completeness: Completeness::Full,
            reasons: Vec::new(),
            missing: Vec::new(),
            process_attribution: Some("direct"),
            content_source: None,
            ai_detection_method: None,
            sample_rate: None,
            redaction_applied: None,
            redaction_profile: None,
        }
    }

    /// Something is missing: no better than medium from here on.
    pub fn partial(&mut self) {
        self.completeness = Completeness::Partial;
        if self.level == Level::High {
            self.level = Level::Medium;
        }
    }
}

/// Trust in an event as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Observed directly.
    High,
    /// Observed, but something around it was lost.
    Medium,
    /// Best effort.
    Low,
}

/// How much of what happened an event holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// All.
    Full,
    /// Something was not captured: see `missing`.
    Partial,
    /// Content was taken out by redaction.
    Redacted,
}

/// A W3C trace context.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceContext {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: Option<String>,
    /// Flags of the `traceparent` that the client sent.
    pub trace_flags: Option<u8>,
}

/// A tie to another event.
#[derive(Clone, Debug, Serialize)]
pub struct Related {
    /// The other event.
    pub event_id: EventId,
    /// What it is to this one.
    pub relationship: Relationship,
}

/// What another event is to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relationship {
    /// This event belongs to it.
    Parent,
    /// It brought this event about.
    CausedBy,
    /// Some other tie.
    Related,
}
