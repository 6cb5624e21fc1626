//! A process that does not outlive its measurement, and what the kernel says
//! of it.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take to end when asked to.
const ENDING: Duration = Duration::from_secs(10);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A process that was started here; killed when dropped.
pub(super) struct Owned(Child);

impl Owned {
    /// Starts it.
    pub(super) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let what = format!("cannot start {}", command.get_program().display());
        Ok(Self(command.spawn().context(what)?))
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Asks it to end, and waits until it has.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM).context("cannot signal the process")?;
        }
        until(ENDING, || self.has_ended()).context("the process does not end when asked to")
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Ended already in the good case; both calls then do nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until a condition holds, looking often.
pub(super) fn until(limit: Duration, mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    while !holds() {
        anyhow::ensure!(Instant::now() < deadline, "not within {limit:?}");
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Memory of a process.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory {
    /// Resident, MiB.
    pub(super) resident: f64,
    /// Of it not backed by files, MiB.
    pub(super) anonymous: f64,
}

/// What `/proc/PID/status` says of memory.
pub(super) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let status =
        fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let mebibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes / 1024.0)
    };
    Ok(Memory {
        resident: mebibytes("VmRSS:").context("no VmRSS")?,
        anonymous: mebibytes("RssAnon:").context("no RssAnon")?,
    })
}

/// CPU time of all threads of a process that live.
pub(super) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let mut total = Duration::ZERO;
    for task in fs::read_dir(format!("/proc/{pid}/task")).context("the process is gone")? {
        // A thread may end between the listing and the reading.
        let Ok(figures) = fs::read_to_string(task?.path().join("schedstat")) else {
            continue;
        };
        let nanos = figures
            .split_whitespace()
            .next()
            .and_then(|nanos| nanos.parse().ok());
        total += Duration::from_nanos(nanos.context("no schedstat")?);
    }
    Ok(total)
}

/// CPU time of the children of this process that have ended, to 10 ms.
pub(super) fn children_cpu() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name before it may hold anything (proc_pid_stat(5): fields 16, 17).
    let (_, fields) = stat.rsplit_once(") ").context("no fields")?;
    let ticks = fields.split(' ').skip(13).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
