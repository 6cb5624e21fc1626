//! What Linux says of a process: `/proc/PID/stat` and `/proc/PID/status`.

use std::fs;

use super::Usage;

/// The unit of times in `/proc`: `USER_HZ`, 100 on every architecture that the
/// sensor runs on (proc(5)).
const TICKS_PER_SECOND: f64 = 100.0;

/// When a process started, in ticks since boot. With its id it names the
/// process.
pub(super) type Started = u64;

/// What that process uses, and when it started; none where it is gone or its
/// files cannot be read.
pub(super) fn of(pid: u32) -> Option<(Usage, Started)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (cpu_seconds, started) = times(&stat)?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let usage = Usage {
        cpu_seconds,
        memory_rss_bytes: bytes(&status, "VmRSS:"),
        memory_vms_bytes: bytes(&status, "VmSize:"),
    };
    Some((usage, started))
}

/// Processor time and start. The name, in parentheses, may hold anything.
fn times(stat: &str) -> Option<(f64, Started)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let started = fields.nth(6)?.parse().ok()?;
    Some(((user + system) as f64 / TICKS_PER_SECOND, started))
}

/// A zombie and a kernel thread have none.
fn bytes(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_its_start_does_not_move() {
        let (usage, started) = of(std::process::id()).unwrap();
        assert!(usage.memory_rss_bytes > 64 << 10, "{usage:?}");
        assert!(
            usage.memory_vms_bytes >= usage.memory_rss_bytes,
            "{usage:?}"
        );
        assert_eq!(of(std::process::id()).unwrap().1, started);
        assert_eq!(of(u32::MAX), None);
    }

    #[test]
    fn a_name_with_parentheses_and_spaces_is_no_field() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 991 1 1";
        assert_eq!(times(stat), Some((3.0, 991)));
        assert_eq!(times("7 (x) S 1"), None);
    }
}
