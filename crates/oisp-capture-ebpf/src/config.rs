//! Settings of the capture.

use std::path::PathBuf;
use std::time::Duration;

use crate::plain::ports::PlainPorts;
use crate::plain::stdio::{KnowsAgents, Stdio};
use oisp_core::capture::ProcessFilter;

/// Settings of the capture. The defaults serve.
#[derive(Clone, Debug)]
pub struct EbpfConfig {
    /// Bytes of the ring buffer, rounded up to a power of two of at least 64 KiB.
    /// By default 8 MiB: a prompt of 5 MB that is written in one call fits before
    /// the reader wakes. More with more than four processors, 2 MiB for each, up
    /// to 64 MiB, and never more than a 512th of the memory, but 2 MiB. All of it
    /// counts in the resident memory of the sensor.
    pub ring_bytes: Option<u32>,
    /// How often the ring is looked at while nobody wakes the reader: the
    /// latency of a record.
    pub poll: Duration,
    /// Tell what processes that talk to AI, and those that descend from them, do
    /// with files; and all that the rules include by name.
    pub files: bool,
    /// The share of one processor that the sensor may use before it leaves
    /// something out: 1.0 is all of one. None for no limit.
    pub cpu_share: Option<f64>,
    /// Whose traffic is captured.
    pub processes: ProcessFilter,
    /// How user space is probed; by default in the best way that the kernel has.
    pub probe_method: Option<ProbeMethod>,
    /// Whether the kernel diverts the returns of probed functions, or their
    /// return instructions are probed; by default the former, unless this kernel
    /// kills programs under seccomp for it.
    pub divert_returns: Option<bool>,
    /// How often running processes are looked at for libraries that they mapped
    /// since.
    pub rescan: Duration,
    /// How often it is looked at what the processes use that have talked on a
    /// captured connection.
    pub sample: Duration,
    /// Directories with signature files (`*.toml`) besides those that ship with
    /// the sensor.
    pub signatures: Vec<PathBuf>,
    /// Ports at which plain HTTP to and from model servers is looked for.
    pub plain_ports: PlainPorts,
    /// Whose children's standard streams are looked at for JSON-RPC.
    pub stdio: Stdio,
    /// Which processes are agents.
    pub knows_agents: KnowsAgents,
}

impl Default for EbpfConfig {
    fn default() -> Self {
        Self {
            ring_bytes: None,
            poll: Duration::from_millis(10),
            files: true,
            cpu_share: Some(1.0),
            processes: ProcessFilter::default(),
            probe_method: None,
            divert_returns: None,
            rescan: Duration::from_secs(5),
            sample: Duration::from_secs(10),
            signatures: Vec::new(),
            plain_ports: PlainPorts::default(),
            stdio: Stdio::default(),
            knows_agents: KnowsAgents::default(),
        }
    }
}

/// How user space is probed, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeMethod {
    /// One link for all places in a file (Linux 6.6).
    Multi,
    /// One probe for each place, with a cookie (5.15).
    Cookie,
    /// One probe for each place, with a program of its own.
    Copies,
}

impl ProbeMethod {
    /// The name shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Multi => "uprobe_multi",
            Self::Cookie => "uprobe",
            Self::Copies => "uprobe without cookies",
        }
    }
}

const SMALLEST_RING: u32 = 64 << 10;
const LARGEST_RING: u32 = 1 << 30;

impl EbpfConfig {
    /// The size of the ring on a machine with that much memory and so many
    /// processors.
    pub(crate) fn ring_size(&self, memory_bytes: u64, processors: u32) -> u32 {
        const MIB: u32 = 1 << 20;
        let by_processors = processors.saturating_mul(2 * MIB).clamp(8 * MIB, 64 * MIB);
        let by_memory = u32::try_from(memory_bytes / 512).unwrap_or(u32::MAX);
        let default = by_processors.min(by_memory.max(2 * MIB));
        self.ring_bytes
            .unwrap_or(default)
            .clamp(SMALLEST_RING, LARGEST_RING)
            .next_power_of_two()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_is_a_power_of_two_within_its_limits() {
        let asked = |bytes| {
            EbpfConfig {
                ring_bytes: Some(bytes),
                ..EbpfConfig::default()
            }
            .ring_size(8 << 30, 2)
        };
        assert_eq!(asked(1), 64 << 10);
        assert_eq!(asked(100_000), 128 << 10);
        assert_eq!(asked(u32::MAX), 1 << 30);
        let default =
            |gib: u64, processors| EbpfConfig::default().ring_size(gib << 30, processors) >> 20;
        assert_eq!(default(1, 2), 2);
        assert_eq!(default(8, 2), 8);
        assert_eq!(default(64, 12), 32);
        assert_eq!(default(512, 96), 64);
        assert_eq!(default(8, 96), 16);
    }
}
