//! What this kernel and this user can do.

mod features;
mod hazard;

use std::io;
use std::path::Path;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::CapabilitySet;
use serde::Serialize;

use crate::btf;
use crate::error::EbpfError;

pub use features::Feature;
pub(crate) use hazard::Returns;

/// What the capture depends on, as found on this machine.
#[derive(Clone, Debug, Serialize)]
pub struct KernelFacts {
    /// Kernel release.
    pub release: String,
    /// Type information is there: fork, exit codes and arguments of short-lived
    /// programs depend on it.
    pub btf: bool,
    /// The kernel can probe user-space functions.
    pub uprobes: bool,
    /// `lockdown` mode: `none`, `integrity` or `confidentiality`; absent where
    /// the kernel has none.
    pub lockdown: Option<String>,
    /// The capture sees all processes of the machine: it is not itself inside a
    /// pid namespace.
    pub root_pid_namespace: bool,
    /// What is known of probing function returns in programs that run under
    /// seccomp.
    pub uretprobe: &'static str,
    /// Capabilities that are missing, each with what it costs.
    pub missing_capabilities: Vec<(&'static str, &'static str)>,
}

impl KernelFacts {
    /// Looks at this machine.
    pub fn read() -> Self {
        let release = rustix::system::uname()
            .release()
            .to_string_lossy()
            .into_owned();
        Self {
            btf: Path::new(btf::VMLINUX).exists(),
            uprobes: Path::new("/sys/bus/event_source/devices/uprobe/type").exists(),
            lockdown: std::fs::read_to_string("/sys/kernel/security/lockdown")
                .ok()
                .and_then(|modes| chosen(&modes)),
            root_pid_namespace: in_root_pid_namespace(),
            uretprobe: Returns::found().as_str(),
            missing_capabilities: missing_capabilities(),
            release,
        }
    }

    /// The kernel is that version or later.
    pub(crate) fn is_at_least(&self, major: u32, minor: u32) -> bool {
        version(&self.release).is_some_and(|version| version >= (major, minor))
    }
}

/// `none [integrity] confidentiality`
fn chosen(modes: &str) -> Option<String> {
    let (_, rest) = modes.split_once('[')?;
    rest.split_once(']').map(|(mode, _)| String::from(mode))
}

/// The root namespace has this number (`PROC_PID_INIT_INO`).
fn in_root_pid_namespace() -> bool {
    std::fs::read_link("/proc/self/ns/pid").is_ok_and(|link| link.as_os_str() == "pid:[4026531836]")
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

const NEEDED: [(CapabilitySet, &str, &str); 4] = [
    (
        CapabilitySet::BPF,
        "CAP_BPF",
        "no eBPF program can be loaded: nothing is captured",
    ),
    (
        CapabilitySet::PERFMON,
        "CAP_PERFMON",
        "no probe can be attached: nothing is captured",
    ),
    (
        CapabilitySet::SYS_PTRACE,
        "CAP_SYS_PTRACE",
        "libraries of other users' processes are not found",
    ),
    (
        CapabilitySet::DAC_READ_SEARCH,
        "CAP_DAC_READ_SEARCH",
        "programs in other users' directories are not found",
    ),
];

fn missing_capabilities() -> Vec<(&'static str, &'static str)> {
    let have = effective();
    NEEDED
        .into_iter()
        .filter(|(set, ..)| !have.contains(*set))
        .map(|(_, name, cost)| (name, cost))
        .collect()
}

/// `CAP_SYS_ADMIN` includes the two that were split from it.
fn effective() -> CapabilitySet {
    let mut have =
        rustix::thread::capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    if have.contains(CapabilitySet::SYS_ADMIN) {
        have |= CapabilitySet::BPF | CapabilitySet::PERFMON;
    }
    have
}

/// Ends the start early where it cannot succeed.
pub(crate) fn require_privileges() -> Result<(), EbpfError> {
    let have = effective();
    let missing: Vec<&str> = NEEDED
        .into_iter()
        .take(2)
        .filter(|(set, ..)| !have.contains(*set))
        .map(|(_, name, _)| name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(EbpfError::Privilege {
        missing: missing.join(" and "),
    })
}

/// What of eBPF the kernel has; nothing where this user may not try.
pub(crate) fn features() -> Vec<Feature> {
    match require_privileges() {
        Ok(()) => features::all(),
        Err(_) => Vec::new(),
    }
}

/// Kernels before 5.11 charge maps to the memory that a process may lock. A
/// failure shows when the maps are made.
pub(crate) fn lift_memory_limit() {
    let none = Rlimit {
        current: None,
        maximum: None,
    };
    let _ = setrlimit(Resource::Memlock, none);
}

/// Processors that this process may run on.
pub(crate) fn processors() -> u32 {
    std::thread::available_parallelism()
        .ok()
        .and_then(|count| u32::try_from(count.get()).ok())
        .unwrap_or(1)
}

/// The processors that are at work, by number.
///
/// # Errors
/// When the kernel does not tell.
pub(crate) fn online() -> io::Result<Vec<u32>> {
    let list = std::fs::read_to_string("/sys/devices/system/cpu/online")?;
    let processors = ranges(&list);
    if processors.is_empty() {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    Ok(processors)
}

/// Numbers as the kernel lists them: `0-3,5`.
fn ranges(list: &str) -> Vec<u32> {
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    let ranges = list.trim().split(',').filter_map(range);
    ranges
        .flat_map(|(first, last): (u32, u32)| first..=last)
        .collect()
}

/// Bytes of memory of this machine.
pub(crate) fn memory_bytes() -> u64 {
    let info = rustix::system::sysinfo();
    info.totalram.saturating_mul(u64::from(info.mem_unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_lockdown_mode_stands_in_brackets() {
        assert_eq!(
            chosen("none [integrity] confidentiality\n").as_deref(),
            Some("integrity")
        );
        assert_eq!(chosen(""), None);
    }

    #[test]
    fn processors_are_listed_in_ranges() {
        assert_eq!(ranges("0-2,5\n"), [0, 1, 2, 5]);
        assert_eq!(ranges("0\n"), [0]);
        assert!(ranges("").is_empty());
    }

    #[test]
    fn this_kernel_is_described() {
        let facts = KernelFacts::read();
        assert!(version(&facts.release).is_some());
        assert!(memory_bytes() > 1 << 20);
    }
}
