//! `[capture]`

use std::path::PathBuf;

use oisp_config::Findings;
use oisp_core::capture::{ProcessFilter, ProcessRule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is captured, and of whom.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Capture {
    /// Percent of one processor that the sensor may use. Above it, it leaves out
    /// file events, then connections that are not known to carry AI calls, and
    /// says so. 0 for no limit.
    pub cpu_budget: u32,
    /// Never capture what these rules name, or its descendants: pid:N, name:NAME,
    /// user:UID or cgroup:PATH. Taken up while the sensor runs.
    #[schemars(with = "Vec<String>")]
    pub exclude: Vec<ProcessRule>,
    /// Events of files that processes talking to AI use.
    pub file: bool,
    /// Capture only what these rules name, and its descendants: pid:N, name:NAME,
    /// user:UID or cgroup:PATH. Empty for everything. Taken up while the sensor
    /// runs.
    #[schemars(with = "Vec<String>")]
    pub include: Vec<ProcessRule>,
    /// Events of connections: network.connect, network.accept, network.flow,
    /// network.dns.
    pub network: bool,
    /// Capture only processes of these ids, and their descendants. Taken up while
    /// the sensor runs.
    #[schemars(inner(range(min = 1)))]
    pub pid_filter: Vec<u32>,
    /// Connections without TLS.
    pub plain: Plain,
    /// Events of processes: process.exec, process.fork, process.exit.
    pub process: bool,
    /// Capture only programs of these names, and their descendants. Taken up
    /// while the sensor runs.
    pub process_filter: Vec<String>,
    /// Size of the kernel's ring buffer, MiB. Without it, the backend chooses.
    #[schemars(range(min = 1, max = 1024), example = 16)]
    pub ring_mib: Option<u32>,
    /// Also save the raw plaintext, unredacted, to this file, for `decode`.
    #[schemars(example = "capture.ndjson")]
    pub save: Option<PathBuf>,
    /// Folders of further signatures of TLS functions in programs without
    /// symbols.
    pub signatures: Vec<PathBuf>,
    /// Whose conversations with children over standard input and output are
    /// captured, where they are JSON-RPC, as of MCP servers.
    pub stdio: Whose,
    /// Also an event for each piece of a streamed answer.
    pub stream_chunks: bool,
}

/// What is captured without TLS.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plain {
    /// Ports at which none is captured; 0 for all but those of `ports`.
    pub except: Vec<u16>,
    /// Further ports at which plain HTTP is captured, beside those of known model
    /// servers (Ollama, LM Studio, vLLM, …).
    #[schemars(inner(range(min = 1)))]
    pub ports: Vec<u16>,
}

/// Whose children.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    /// Nobody's.
    Off,
    /// Those of programs that are known as agents.
    #[default]
    Agents,
    /// Those of all programs.
    All,
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            cpu_budget: 100,
            exclude: Vec::new(),
            file: true,
            include: Vec::new(),
            network: true,
            pid_filter: Vec::new(),
            plain: Plain::default(),
            process: true,
            process_filter: Vec::new(),
            ring_mib: None,
            save: None,
            signatures: Vec::new(),
            stdio: Whose::default(),
            stream_chunks: false,
        }
    }
}

impl Capture {
    /// Whose traffic is captured.
    pub fn processes(&self) -> ProcessFilter {
        let names = self.process_filter.iter().cloned().map(ProcessRule::Name);
        let pids = self.pid_filter.iter().copied().map(ProcessRule::Pid);
        ProcessFilter {
            include: names
                .chain(pids)
                .chain(self.include.iter().cloned())
                .collect(),
            exclude: self.exclude.clone(),
        }
    }

    /// Families of events that are not wanted.
    pub fn without(&self) -> Vec<&'static str> {
        let families = [
            (self.process, "process"),
            (self.file, "file"),
            (self.network, "network"),
        ];
        families
            .into_iter()
            .filter_map(|(on, family)| (!on).then_some(family))
            .collect()
    }

    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        let wanted = self.processes().include;
        for (index, rule) in self.exclude.iter().enumerate() {
            if wanted.contains(rule) {
                let key = format!("capture.exclude[{index}]");
                findings.mistake(
                    &key,
                    format_args!("{rule} is to be captured, too: take it out of one of both"),
                );
            }
        }
        for (index, name) in self.process_filter.iter().enumerate() {
            if name.trim().is_empty() {
                findings.mistake(&format!("capture.process_filter[{index}]"), "names nothing");
            }
        }
        for (index, port) in self.plain.ports.iter().enumerate() {
            if self.plain.except.contains(port) {
                let key = format!("capture.plain.ports[{index}]");
                findings.mistake(&key, format_args!("{port} is in capture.plain.except, too"));
            }
        }
        for (index, folder) in self.signatures.iter().enumerate() {
            if !folder.is_dir() {
                let key = format!("capture.signatures[{index}]");
                findings.mistake(
                    &key,
                    format_args!("there is no folder {}", folder.display()),
                );
            }
        }
    }
}
