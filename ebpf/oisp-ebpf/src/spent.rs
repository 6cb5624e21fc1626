//! What a process used by its end: the sums that the kernel keeps of threads that
//! were released, and what each thread that was not has on its own.

use oisp_ebpf_common::record::{SPENT_RSS, SPENT_TIMES, Spent};
use oisp_ebpf_common::setting::{
    AT_ENDED_RUNTIME, AT_ENDED_STIME, AT_ENDED_UTIME, AT_MAXRSS, AT_RUNTIME, AT_STATS_LOCK,
    AT_STIME, AT_THREAD_HEAD, AT_THREAD_NODE, AT_UTIME,
};

use crate::setting;
use crate::task::Kernel;

/// Threads that are added up; of a process that ends with more of them the times
/// stay unknown.
const THREADS: usize = 128;
/// Threads are released while others are added up: so often it is tried again.
const TRIES: usize = 3;

/// What the process with that `signal_struct` used.
#[inline(always)]
pub fn of(signal: Kernel) -> Spent {
    let mut spent = Spent::default();
    for _ in 0..TRIES {
        if let Some(times) = times(signal) {
            spent = times;
            break;
        }
    }
    match signal.field::<u64>(AT_MAXRSS) {
        Some(pages) if pages != 0 => {
            spent.max_rss_pages = pages;
            spent.known |= SPENT_RSS;
        }
        _ => {}
    }
    spent
}

/// `None` where a thread was released meanwhile: it might count twice, or not at
/// all. The kernel's lock is a sequence that is odd while one is.
#[inline(always)]
fn times(signal: Kernel) -> Option<Spent> {
    let before: u32 = signal.field(AT_STATS_LOCK)?;
    let mut spent = Spent {
        known: SPENT_TIMES,
        user_ns: signal.field(AT_ENDED_UTIME)?,
        system_ns: signal.field(AT_ENDED_STIME)?,
        run_ns: signal.field(AT_ENDED_RUNTIME)?,
        max_rss_pages: 0,
    };
    add_threads(signal, &mut spent)?;
    let after: u32 = signal.field(AT_STATS_LOCK)?;
    (before == after && before & 1 == 0).then_some(spent)
}

/// The list is a ring through its head.
#[inline(always)]
fn add_threads(signal: Kernel, spent: &mut Spent) -> Option<()> {
    let head = signal.address() + setting::offset(AT_THREAD_HEAD)? as u64;
    let node_at = setting::offset(AT_THREAD_NODE)? as u64;
    let mut node: u64 = signal.field(AT_THREAD_HEAD)?;
    for _ in 0..THREADS {
        if node == head {
            return Some(());
        }
        let task = Kernel::at(node.wrapping_sub(node_at))?;
        spent.user_ns += task.field::<u64>(AT_UTIME)?;
        spent.system_ns += task.field::<u64>(AT_STIME)?;
        spent.run_ns += task.field::<u64>(AT_RUNTIME)?;
        node = task.field(AT_THREAD_NODE)?;
    }
    (node == head).then_some(())
}
