//! The ring buffer: reserve, fill in place, submit.
//!
//! The verifier wants reservations of constant size. Data goes into the
//! smallest of a few sizes that holds it, so a short message takes little room,
//! and is copied once, from the process into the ring.

use core::arch::asm;

use aya_ebpf::bindings::{BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP};
use aya_ebpf::helpers::generated::{bpf_copy_from_user, bpf_probe_read_user};
use aya_ebpf::macros::map;
use aya_ebpf::maps::RingBuf;
use aya_ebpf::maps::ring_buf::RingBufEntry;
use oisp_ebpf_common::counter::FAULTS_WAITED;
use oisp_ebpf_common::record::{BULK, CAUSE_NONE, CAUSE_READ_FAULT, CAUSE_RING_FULL, TlsHead};
use oisp_ebpf_common::setting::WAKE_AT;

use crate::{counter, setting};

/// The loader sets the size.
#[map]
static RING: RingBuf = RingBuf::with_byte_size(16 << 20, 0);

/// A head with room for data behind it.
#[repr(C)]
struct Data<const ROOM: usize> {
    head: TlsHead,
    bytes: [u8; ROOM],
}

/// Room for a `T`, if the ring has any.
#[inline(always)]
pub fn reserve<T: 'static>() -> Option<RingBufEntry<T>> {
    RING.reserve::<T>(0)
}

/// Makes a record visible to the reader.
#[inline(always)]
pub fn submit<T>(entry: RingBufEntry<T>) {
    entry.submit(wakeup(size_of::<T>() as u64));
}

/// Makes a record visible to the reader, and wakes it: for what cannot wait.
#[inline(always)]
pub fn submit_now<T>(entry: RingBufEntry<T>) {
    entry.submit(u64::from(BPF_RB_FORCE_WAKEUP));
}

/// A wake-up per record costs more than the record. The reader looks every few
/// milliseconds by itself, and is woken only by the record that fills the ring
/// up to the mark.
///
/// Reckoned without a branch: the verifier would follow each of them in every
/// turn of a loop.
#[inline(always)]
fn wakeup(len: u64) -> u64 {
    let waiting = RING.query(u64::from(BPF_RB_AVAIL_DATA));
    let beyond = waiting.wrapping_sub(u64::from(setting::get(WAKE_AT)));
    // 1 where `beyond` is not negative and below `len`. All are far from 2^63.
    let reached = (beyond.wrapping_sub(len) & !beyond) >> 63;
    u64::from(BPF_RB_NO_WAKEUP) + reached * u64::from(BPF_RB_FORCE_WAKEUP - BPF_RB_NO_WAKEUP)
}

/// A record that is a head and nothing else. False where the ring is full.
#[inline(always)]
pub fn put_head(head: &TlsHead) -> bool {
    let Some(mut entry) = reserve::<TlsHead>() else {
        return false;
    };
    entry.write(*head);
    submit(entry);
    true
}

/// A data record of `head.len` bytes, at most [`BULK`], from `source` in the
/// process. Returns the cause where it could not be made.
#[inline(always)]
pub fn put_data(head: &TlsHead, source: u64) -> u32 {
    match head.len {
        ..=128 => put::<128>(head, source),
        ..=512 => put::<512>(head, source),
        ..=2048 => put::<2048>(head, source),
        ..=8192 => put::<8192>(head, source),
        ..=16384 => put::<16384>(head, source),
        _ => put_bulk(head, source),
    }
}

/// The same in the largest size.
#[inline(always)]
pub fn put_bulk(head: &TlsHead, source: u64) -> u32 {
    put::<{ BULK as usize }>(head, source)
}

/// Pages of one call that are waited for: the verifier follows each turn of the
/// loop. The library has just read or written the memory, so that hardly any is
/// missing.
const PAGES: u64 = 128;
/// The smallest page that there is.
const PAGE: u64 = 4096;

/// Waits for the pages of that memory that are not there. In a program that may
/// sleep only, and never while it holds room in the ring: nobody could read what
/// comes after it.
#[inline(always)]
pub fn bring_in(from: u64, len: u64) {
    let mut byte = 0_u8;
    let to = (&raw mut byte).cast();
    let mut at = from;
    for _ in 0..PAGES {
        if at >= from + len {
            return;
        }
        // SAFETY: the helpers check the address, and there is room for a byte.
        unsafe {
            if bpf_probe_read_user(to, 1, at as *const _) != 0 {
                counter::add(FAULTS_WAITED, 1);
                if bpf_copy_from_user(to, 1, at as *const _) != 0 {
                    return;
                }
            }
        }
        at = (at & !(PAGE - 1)) + PAGE;
    }
}

/// The same in the largest size; `wakes` says whether it wakes the reader. Simple
/// for the verifier, which follows a loop of these turn by turn.
#[inline(always)]
pub fn put_bulk_of(head: &TlsHead, source: u64, wakes: bool) -> u32 {
    let flag = if wakes {
        BPF_RB_FORCE_WAKEUP
    } else {
        BPF_RB_NO_WAKEUP
    };
    fill::<{ BULK as usize }>(head, source, |entry| entry.submit(u64::from(flag)))
}

#[inline(always)]
fn put<const ROOM: usize>(head: &TlsHead, source: u64) -> u32 {
    fill::<ROOM>(head, source, submit)
}

#[inline(always)]
fn fill<const ROOM: usize>(
    head: &TlsHead,
    source: u64,
    submit: impl FnOnce(RingBufEntry<Data<ROOM>>),
) -> u32 {
    let Some(mut entry) = reserve::<Data<ROOM>>() else {
        return CAUSE_RING_FULL;
    };
    let record = entry.as_mut_ptr();
    // SAFETY: the entry has room for a `Data<ROOM>`, and the length is at most
    // ROOM. The helper checks the source.
    let failed = unsafe {
        (&raw mut (*record).head).write(*head);
        let len = at_most::<ROOM>(head.len);
        bpf_probe_read_user((&raw mut (*record).bytes).cast(), len, source as *const _)
    };
    if failed != 0 {
        entry.discard(u64::from(BPF_RB_NO_WAKEUP));
        return CAUSE_READ_FAULT;
    }
    submit(entry);
    CAUSE_NONE
}

/// The length, or ROOM where it is larger: in assembly, because the compiler
/// knows which lengths come here and leaves the comparison out, and the verifier
/// of older kernels has forgotten them by then.
#[inline(always)]
fn at_most<const ROOM: usize>(len: u32) -> u32 {
    let mut len = u64::from(len);
    // SAFETY: touches nothing but the register.
    unsafe {
        asm!("if {len} <= {room} goto +1", "{len} = {room}", len = inout(reg) len, room = const ROOM);
    }
    len as u32
}
