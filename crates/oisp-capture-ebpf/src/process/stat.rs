//! `/proc/PID/stat` (proc_pid_stat(5)).

use rustix::param::clock_ticks_per_second;

/// The fields that the sensor wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// Parent process id.
    pub(crate) ppid: u32,
    /// When the process started: nanoseconds since boot, in whole clock ticks.
    pub(crate) start_ns: u64,
    /// Bytes of address space: it changes when something is mapped.
    pub(crate) address_space: u64,
    /// A thread of the kernel, without a program.
    pub(crate) is_kernel: bool,
    /// Ended, and not waited for yet.
    pub(crate) is_dead: bool,
}

/// `PF_KTHREAD`
const KERNEL_THREAD: u64 = 0x0020_0000;

/// Reads the file of that process; `None` where it is gone.
pub(crate) fn read(pid: u32) -> Option<Stat> {
    parse(&std::fs::read(super::path(pid, "stat")).ok()?)
}

fn parse(line: &[u8]) -> Option<Stat> {
    let fields = fields(line)?;
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        ppid: u32::try_from(number(4)?).ok()?,
        start_ns: number(22)?.saturating_mul(tick_ns()),
        address_space: number(23)?,
        is_kernel: number(9)? & KERNEL_THREAD != 0,
        is_dead: matches!(fields.first(), Some(&"Z" | &"X")),
    })
}

/// What the process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// When the process started, as in [`Stat`].
    pub(crate) start_ns: u64,
    /// Time on processors, of all its threads; nanoseconds in whole clock ticks.
    pub(crate) cpu_ns: u64,
    /// Resident memory.
    pub(crate) rss_bytes: u64,
    /// Threads.
    pub(crate) threads: u64,
}

/// Reads what a process uses; `None` where it is gone.
pub(crate) fn load(pid: u32) -> Option<Load> {
    parse_load(&std::fs::read(super::path(pid, "stat")).ok()?)
}

fn parse_load(line: &[u8]) -> Option<Load> {
    let fields = fields(line)?;
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    Some(Load {
        start_ns: number(22)?.saturating_mul(tick_ns()),
        cpu_ns: number(14)?
            .saturating_add(number(15)?)
            .saturating_mul(tick_ns()),
        rss_bytes: number(24)?.saturating_mul(page),
        threads: number(20)?,
    })
}

/// The fields behind the name. It is in parentheses and may hold any byte: they
/// count from the last closing one. Field 3 of the manual is the first here.
fn fields(line: &[u8]) -> Option<Vec<&str>> {
    let end = line.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(line.get(end + 1..)?).ok()?;
    Some(rest.split_ascii_whitespace().collect())
}

/// A start time as the kernel's programs read it, in the resolution of `/proc`:
/// one process has one start time, wherever it was read.
pub(crate) fn in_ticks(start_ns: u64) -> u64 {
    start_ns - start_ns % tick_ns()
}

fn tick_ns() -> u64 {
    1_000_000_000 / clock_ticks_per_second().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let line =
            b"42 (a) S 7 (b) R 1 42 42 0 -1 4194304 99 0 0 0 1 1 0 0 20 0 1 0 12345 4096 10 184";
        let stat = parse(line).unwrap();
        assert_eq!(
            (stat.ppid, stat.start_ns, stat.address_space),
            (1, 12345 * tick_ns(), 4096)
        );
        assert!(!stat.is_kernel && !stat.is_dead);
        assert_eq!(parse(b"42 (cut"), None);
        let load = parse_load(line).unwrap();
        assert_eq!(
            (load.start_ns, load.cpu_ns, load.threads),
            (stat.start_ns, 2 * tick_ns(), 1)
        );
        assert_eq!(
            load.rss_bytes,
            10 * u64::try_from(rustix::param::page_size()).unwrap()
        );
        assert_eq!(parse_load(b"42 (a) S 7"), None);
    }

    #[test]
    fn this_process_has_a_parent_and_started_before_now() {
        let stat = read(std::process::id()).unwrap();
        assert!(stat.ppid > 0 && stat.start_ns <= crate::clock::boot_ns());
        assert_eq!(in_ticks(stat.start_ns + 1), stat.start_ns);
    }
}
