//! What processes use while they run: the thread `oisp-ebpf-sample`, every few
//! seconds, for the processes that have talked on a captured connection.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::stat::{self, Load};

/// Processes that are looked at. Of more than these the first count.
const WATCHED: usize = 1024;
/// Open files that are counted where the kernel does not tell their number.
const FILES: usize = 4096;

/// What a process uses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProcessUsage {
    /// Process id.
    pub pid: u32,
    /// Time on processors since the sample before, in percent of one; absent in
    /// the first sample.
    pub cpu_percent: Option<f64>,
    /// Resident memory, bytes.
    pub rss_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// Open files, sockets included; absent where they are too many to count.
    pub open_files: Option<u64>,
    /// When it was looked at, milliseconds since the Unix epoch.
    pub at_ms: u64,
}

#[derive(Debug)]
struct Process {
    start_ns: u64,
    /// Time on processors, and when it was read.
    before: Option<(u64, Instant)>,
    usage: Option<ProcessUsage>,
    /// Plaintext that was captured of it.
    bytes: u64,
}

/// The processes that are looked at.
#[derive(Debug, Default)]
pub(crate) struct Watched(Mutex<BTreeMap<u32, Process>>);

impl Watched {
    /// A process talks: from now on it is looked at.
    pub(crate) fn talks(&self, pid: u32) {
        let mut processes = self.lock();
        if processes.contains_key(&pid) || processes.len() >= WATCHED {
            return;
        }
        let Some(stat) = stat::read(pid) else {
            return;
        };
        let process = Process {
            start_ns: stat.start_ns,
            before: None,
            usage: None,
            bytes: 0,
        };
        processes.insert(pid, process);
    }

    /// A process ended.
    pub(crate) fn ended(&self, pid: u32) {
        self.lock().remove(&pid);
    }

    /// So many bytes of plaintext of a process were captured.
    pub(crate) fn carried(&self, pid: u32, bytes: usize) {
        if let Some(process) = self.lock().get_mut(&pid) {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            process.bytes = process.bytes.saturating_add(bytes);
        }
    }

    /// Bytes of plaintext that were captured of a process.
    pub(crate) fn bytes(&self, pid: u32) -> u64 {
        self.lock().get(&pid).map_or(0, |process| process.bytes)
    }

    /// The last sample of each.
    pub(crate) fn usage(&self) -> Vec<ProcessUsage> {
        let processes = self.lock();
        processes
            .values()
            .filter_map(|process| process.usage.clone())
            .collect()
    }

    fn sample(&self) {
        // Reading takes a while, and the reader of the ring must not wait for it.
        let pids: Vec<u32> = self.lock().keys().copied().collect();
        for pid in pids {
            let now = Instant::now();
            let load = stat::load(pid);
            let open_files = open_files(&super::path(pid, "fd"));
            let mut processes = self.lock();
            let Some(process) = processes.get_mut(&pid) else {
                continue;
            };
            match load.filter(|load| load.start_ns == process.start_ns) {
                Some(load) => process.take(pid, &load, open_files, now),
                None => drop(processes.remove(&pid)),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Process>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process {
    fn take(&mut self, pid: u32, load: &Load, open_files: Option<u64>, now: Instant) {
        let cpu_percent = self.before.and_then(|(cpu_ns, at)| {
            let used = Duration::from_nanos(load.cpu_ns.checked_sub(cpu_ns)?);
            let percent = used.as_secs_f64() / now.duration_since(at).as_secs_f64() * 100.0;
            percent.is_finite().then(|| (percent * 10.0).round() / 10.0)
        });
        self.before = Some((load.cpu_ns, now));
        self.usage = Some(ProcessUsage {
            pid,
            cpu_percent,
            rss_bytes: load.rss_bytes,
            threads: load.threads,
            open_files,
            at_ms: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| u64::try_from(since.as_millis()).ok())
                .unwrap_or(0),
        });
    }
}

/// The kernel tells the number as the size of the folder since 6.2.
fn open_files(folder: &Path) -> Option<u64> {
    let told = std::fs::metadata(folder).ok()?.len();
    if told > 0 {
        return Some(told);
    }
    let counted = std::fs::read_dir(folder).ok()?.take(FILES + 1).count();
    (counted <= FILES).then_some(u64::try_from(counted).ok()?)
}

/// Looks at the processes until the sender of `stop` is gone.
pub(crate) fn run(watched: &Arc<Watched>, stop: &Receiver<()>, every: Duration) {
    while stop.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
        watched.sample();
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::float_cmp,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]

    use super::*;

    #[test]
    fn this_process_is_sampled_until_its_end() {
        let watched = Watched::default();
        let pid = std::process::id();
        watched.talks(pid);
        watched.talks(pid);
        assert!(watched.usage().is_empty());
        watched.sample();
        let first = &watched.usage()[0];
        assert_eq!((first.pid, first.cpu_percent), (pid, None));
        assert!(first.rss_bytes > 1 << 20 && first.threads > 0 && first.at_ms > 0);
        let before = first.open_files.unwrap();
        let more: Vec<_> = (0..200)
            .map(|_| std::fs::File::open("/dev/null").unwrap())
            .collect();
        watched.sample();
        let second = &watched.usage()[0];
        assert!(second.open_files.unwrap() >= before + 100, "{second:?}");
        assert!(second.cpu_percent.unwrap() >= 0.0);
        drop(more);
        watched.ended(pid);
        watched.sample();
        assert!(watched.usage().is_empty());
    }

    #[test]
    fn percent_is_of_one_processor() {
        let load = |cpu_ms: u64| Load {
            start_ns: 0,
            cpu_ns: cpu_ms * 1_000_000,
            rss_bytes: 4096,
            threads: 2,
        };
        let mut process = Process {
            start_ns: 0,
            before: None,
            usage: None,
            bytes: 0,
        };
        let start = Instant::now();
        let percent = |process: &mut Process, cpu_ms, seconds| {
            let at = start + Duration::from_secs(seconds);
            process.take(1, &load(cpu_ms), None, at);
            process.usage.as_ref().unwrap().cpu_percent
        };
        assert_eq!(percent(&mut process, 1000, 0), None);
        assert_eq!(percent(&mut process, 6000, 10), Some(50.0));
        assert_eq!(percent(&mut process, 26_000, 20), Some(200.0));
        assert_eq!(percent(&mut process, 26_000, 30), Some(0.0));
        // A clock that goes back tells nothing.
        assert_eq!(percent(&mut process, 25_000, 40), None);
        assert_eq!(percent(&mut process, 25_000, 40), None);
    }

    #[test]
    fn a_pid_that_is_anothers_now_is_let_go() {
        let watched = Watched::default();
        let other = Process {
            start_ns: 1,
            before: None,
            usage: None,
            bytes: 0,
        };
        watched.lock().insert(std::process::id(), other);
        watched.sample();
        assert!(watched.lock().is_empty());
        watched.talks(u32::MAX);
        assert!(watched.lock().is_empty());
    }

    #[test]
    fn the_thread_ends_with_its_owner() {
        let (stop, stopped) = std::sync::mpsc::sync_channel(1);
        let watched = Arc::new(Watched::default());
        watched.talks(std::process::id());
        let thread = std::thread::spawn({
            let watched = Arc::clone(&watched);
            move || run(&watched, &stopped, Duration::from_millis(5))
        });
        let deadline = Instant::now() + Duration::from_secs(30);
        while watched.usage().is_empty() {
            assert!(Instant::now() < deadline);
            std::thread::yield_now();
        }
        drop(stop);
        thread.join().unwrap();
    }
}
