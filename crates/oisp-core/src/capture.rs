//! What a capture backend is to the pipeline.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, OnceLock};

use crate::counters::Snapshot;
use crate::{ConnId, RawEvent};

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

    /// The handle by which others steer the capture; `None` where there is
    /// nothing to steer.
    fn control(&self) -> Option<Arc<dyn CaptureControl>> {
        None
    }

    /// True once the source has ended by itself, such as a capture file.
    fn is_finished(&self) -> bool;

    /// Detaches, sends what is still buffered, ends the threads and drops the
    /// sender.
    fn stop(self: Box<Self>);
}

/// Steers a capture while it runs.
pub trait CaptureControl: Send + Sync {
    /// From now on, capture those processes.
    fn set_filter(&self, filter: &ProcessFilter);

    /// That connection carries AI calls: it is captured even when the backend
    /// must leave others out to save time.
    fn wanted(&self, conn: ConnId);
}

/// Where the control of a capture is put once it runs, for those that were
/// there before it.
pub type ControlSlot = Arc<OnceLock<Arc<dyn CaptureControl>>>;

/// Whose traffic is captured. A rule holds for a process and all that descend
/// from it; a process that two rules speak of is left out if either says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessFilter {
    /// Only these, where there are any.
    pub include: Vec<ProcessRule>,
    /// Never these.
    pub exclude: Vec<ProcessRule>,
}

impl ProcessFilter {
    /// Every process is captured.
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }
}

/// Names processes. Written as its `Display` has it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum ProcessRule {
    /// The process with that id.
    Pid(u32),
    /// Every process of a program whose file has that name.
    Name(String),
    /// Every process of that user id.
    User(u32),
    /// Every process in that control group: its path below the root of the
    /// hierarchy.
    Cgroup(String),
}

impl std::fmt::Display for ProcessRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pid(pid) => write!(f, "pid:{pid}"),
            Self::Name(name) => write!(f, "name:{name}"),
            Self::User(uid) => write!(f, "user:{uid}"),
            Self::Cgroup(path) => write!(f, "cgroup:{path}"),
        }
    }
}

impl std::str::FromStr for ProcessRule {
    type Err = String;

    /// `pid:N`, `name:NAME`, `user:UID`, `cgroup:PATH`; anything else is a name.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |kind: &str, text: &str| {
            text.parse::<u32>()
                .map_err(|_| format!("{kind}:{text} is no number; write {kind}:N"))
        };
        let rule = match text.split_once(':') {
            Some(("pid", rest)) => Self::Pid(number("pid", rest)?),
            Some(("user", rest)) => Self::User(number("user", rest)?),
            Some(("name", rest)) => Self::Name(String::from(rest)),
            Some(("cgroup", rest)) => Self::Cgroup(String::from(rest)),
            _ => Self::Name(String::from(text)),
        };
        match &rule {
            Self::Name(name) | Self::Cgroup(name) if name.is_empty() => {
                Err(format!("{text:?} names nothing"))
            }
            _ => Ok(rule),
        }
    }
}

impl TryFrom<String> for ProcessRule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ProcessRule> for String {
    fn from(rule: ProcessRule) -> Self {
        rule.to_string()
    }
}

/// What a running backend tells of itself.
pub trait CaptureStatus: Send + Sync {
    /// Figures: records, bytes, drops by cause.
    fn counters(&self) -> Snapshot;

    /// Free-form details for `/api/doctor`: what is attached where, and what is
    /// not and why.
    fn details(&self) -> serde_json::Value;
}
