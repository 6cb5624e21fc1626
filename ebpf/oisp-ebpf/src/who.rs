//! Who acts on the network, and how often.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::helpers::generated::bpf_ktime_get_boot_ns;
use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use oisp_ebpf_common::counter::NET_OVER_RATE;
use oisp_ebpf_common::setting::{AT_MM, SELF_TGID};

use crate::task::Kernel;
use crate::{counter, filter, setting};

/// A process, and the thread that acted.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Who {
    pub thread: u64,
    pub start_ns: u64,
}

pub const NOBODY: Who = Who {
    thread: 0,
    start_ns: 0,
};

/// By process: the time at which its next connection would be on schedule.
#[map]
static RATES: LruHashMap<u32, u64> = LruHashMap::with_max_entries(4096, 0);

/// What a connection takes of its process's schedule: 1,000 a second, or 200 on
/// loopback, where tests and health checks are.
const COST: u64 = 1_000_000;
const COST_LOOPBACK: u64 = 5_000_000;
/// How far a process may be ahead of its schedule.
const AHEAD: u64 = 2_000_000_000;

/// The thread that runs, unless it is the sensor's or the kernel's.
#[inline(always)]
pub fn not_ours() -> Option<u64> {
    let thread = bpf_get_current_pid_tgid();
    let tgid = (thread >> 32) as u32;
    (tgid != setting::get(SELF_TGID) && tgid != 0).then_some(thread)
}

/// The same, if its process is observed.
#[inline(always)]
pub fn observed() -> Option<u64> {
    let thread = not_ours()?;
    (is_observed() != 0).then_some(thread)
}

/// A function of its own, for its stack.
#[inline(never)]
fn is_observed() -> u32 {
    u32::from(filter::observed().is_some())
}

#[inline(always)]
pub fn who() -> Option<Who> {
    let thread = observed()?;
    let task = Kernel::current()?;
    // A thread of the kernel has no memory of its own.
    task.follow(AT_MM)?;
    Some(Who {
        thread,
        start_ns: task.start_ns(),
    })
}

#[inline(always)]
pub fn now() -> u64 {
    // SAFETY: the helper has no precondition.
    unsafe { bpf_ktime_get_boot_ns() }
}

/// Whether one more event of that process is within its rate.
#[inline(always)]
pub fn is_within_rate(tgid: u32, loopback: bool) -> bool {
    let cost = if loopback { COST_LOOPBACK } else { COST };
    let now = now();
    let Some(next) = RATES.get_ptr_mut(tgid) else {
        let _ = RATES.insert(tgid, now + cost, 0);
        return true;
    };
    // SAFETY: the pointer is an entry of the table.
    let next = unsafe { &mut *next };
    let due = if *next > now { *next } else { now };
    if due - now > AHEAD {
        counter::add(NET_OVER_RATE, 1);
        return false;
    }
    *next = due + cost;
    true
}
