//! Counters, per CPU and atomic: a program may be preempted by another.

use core::arch::asm;

use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuArray;
use oisp_ebpf_common::counter::COUNTERS;

#[map]
static COUNTER: PerCpuArray<u64> = PerCpuArray::with_max_entries(COUNTERS, 0);

/// Adds `n` to the counter of that number.
#[inline(always)]
pub fn add(number: u32, n: u64) {
    if let Some(cell) = COUNTER.get_ptr_mut(number) {
        // In assembly, because the target has no `AtomicU64::fetch_add`: kernels
        // before 5.12 know the instruction only without its result.
        // SAFETY: the map's values are aligned to 8 bytes and outlive the
        // program.
        unsafe { asm!("lock *(u64 *)({cell} + 0) += {n}", cell = in(reg) cell, n = in(reg) n) }
    }
}
