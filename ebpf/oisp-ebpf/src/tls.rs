//! TLS calls: arguments at entry, bytes at return.

use core::arch::asm;

use aya_ebpf::EbpfContext as _;
use aya_ebpf::helpers::bpf_probe_read_user;
use aya_ebpf::helpers::generated::bpf_ktime_get_boot_ns;
use aya_ebpf::programs::{ProbeContext, RetProbeContext};
use oisp_ebpf_common::conn::{CONN_FREED, ConnKey, ConnState};
use oisp_ebpf_common::counter::{
    BYTES_READ_FAULT, BYTES_RING_FULL, BYTES_SEEN, BYTES_SENT, BYTES_SHED, BYTES_TOO_LARGE, CALLS,
    CALLS_FILTERED, CALLS_UNKNOWN_LENGTH, CALLS_UNTRACKED, NOTES_RING_FULL, RECORDS_SENT,
};
use oisp_ebpf_common::filter::SHED_UNKNOWN;
use oisp_ebpf_common::record::{
    BULK, BULK_RECORDS, CAUSE_NONE, CAUSE_READ_FAULT, CAUSE_SCRATCH, CAUSE_SHED, CAUSE_TOO_LARGE,
    CLOSED, DATA, GAP, READ, TlsHead, WRITTEN,
};

use oisp_ebpf_common::setting::MAY_SLEEP;

use crate::call::{self, Frame};
use crate::{conn, counter, filter, ring, setting};

/// How far the stack pointer at the return is above the one at the entry: the
/// return address that x86 pops.
#[cfg(bpf_target_arch = "x86_64")]
const RETURN_ADDRESS: u64 = 8;
#[cfg(bpf_target_arch = "aarch64")]
const RETURN_ADDRESS: u64 = 0;

/// The stack pointer at an entry, or at a return instruction.
#[cfg(bpf_target_arch = "x86_64")]
#[inline(always)]
pub fn entry_stack(ctx: &ProbeContext) -> u64 {
    // SAFETY: the kernel gives the program valid registers.
    unsafe { (*ctx.regs).rsp }
}
/// The stack pointer at an entry, or at a return instruction.
#[cfg(bpf_target_arch = "aarch64")]
#[inline(always)]
pub fn entry_stack(ctx: &ProbeContext) -> u64 {
    // SAFETY: the kernel gives the program valid registers.
    unsafe { (*ctx.regs).sp }
}

/// The stack pointer that the call had at its entry, once it has returned.
#[inline(always)]
pub fn return_stack(ctx: &RetProbeContext) -> u64 {
    entry_stack(&ProbeContext::new(ctx.as_ptr())).wrapping_sub(RETURN_ADDRESS)
}

/// What a call will transfer.
pub struct Transfer {
    /// `record::WRITTEN` or `record::READ`.
    pub direction: u8,
    /// Where the bytes are or will be.
    pub buffer: u64,
    /// [`Frame::count_at`].
    pub count_at: u64,
}

impl Transfer {
    /// The bytes are where the second argument says.
    #[inline(always)]
    pub fn new(ctx: &ProbeContext, direction: u8, count_at: u64) -> Option<Self> {
        Some(Self {
            direction,
            buffer: ctx.arg(1)?,
            count_at,
        })
    }
}

/// A call begins.
#[inline(always)]
pub fn enter(ctx: &ProbeContext, transfer: &Transfer) -> Option<()> {
    let Some(thread) = filter::observed() else {
        counter::add(CALLS_FILTERED, 1);
        return None;
    };
    let frame = Frame {
        sp: entry_stack(ctx),
        handle: ctx.arg(0)?,
        buffer: transfer.buffer,
        count_at: transfer.count_at,
        // SAFETY: the helper has no precondition.
        at_ns: unsafe { bpf_ktime_get_boot_ns() },
        direction: u64::from(transfer.direction),
    };
    if !call::enter(thread, &frame) {
        counter::add(CALLS_UNTRACKED, 1);
        unknown_length(thread, &frame);
    }
    Some(())
}

/// A call that returned, and how many bytes it transferred.
pub type Transferred = (u64, Frame, u64);

/// The call that had that stack pointer at its entry returns: its thread, and what its entry knew.
#[inline(always)]
pub fn left(stack: u64) -> Option<(u64, Frame)> {
    let thread = filter::observed()?;
    Some((thread, call::leave(thread, stack)?))
}

/// A call returns.
#[inline(always)]
pub fn leave(ctx: &RetProbeContext, stack: u64) -> Option<Transferred> {
    let (thread, frame) = left(stack)?;
    let returned: i32 = ctx.ret();
    if returned <= 0 {
        return None;
    }
    let len = if frame.count_at == 0 {
        returned as u64
    } else {
        // SAFETY: the helper checks the address.
        match unsafe { bpf_probe_read_user(frame.count_at as *const u64) } {
            Ok(len) => len,
            Err(_) => {
                counter::add(CALLS_UNKNOWN_LENGTH, 1);
                unknown_length(thread, &frame);
                return None;
            }
        }
    };
    (len > 0).then_some((thread, frame, len))
}

/// A handle was made: a connection begins.
#[inline(always)]
pub fn opened(ctx: &RetProbeContext) -> Option<()> {
    let thread = filter::observed()?;
    begin(thread, ctx.ret())
}

/// A connection of that handle begins.
#[inline(always)]
pub fn begin(thread: u64, handle: u64) -> Option<()> {
    if handle != 0 {
        conn::open(&conn::key((thread >> 32) as u32, handle), 0);
    }
    Some(())
}

/// A handle is freed, or cleared for another connection.
#[inline(always)]
pub fn closed(ctx: &ProbeContext, reused: bool) -> Option<()> {
    let thread = filter::observed()?;
    let key = conn::key((thread >> 32) as u32, ctx.arg(0)?);
    close(thread, &key, reused)
}

/// A connection ends; where its handle is `reused`, the next one begins.
#[inline(always)]
pub fn close(thread: u64, key: &ConnKey, reused: bool) -> Option<()> {
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &mut *conn::find(key)? };
    let [written, read] = state.offset;
    // The library clears a handle before its first handshake too.
    if reused && written == 0 && read == 0 {
        return None;
    }
    let mut head = head_of(thread, key.handle, state);
    head.kind = CLOSED;
    head.offset = written;
    head.offset_read = read;
    head.cause = state.lost[0];
    head.cause_read = state.lost[1];
    if ring::put_head(&head) {
        conn::remove(key);
    } else {
        // Stays in the table, where the loader finds it.
        counter::add(NOTES_RING_FULL, 1);
        state.flags |= CONN_FREED;
    }
    if reused {
        conn::open(key, 0);
    }
    Some(())
}

#[inline(always)]
pub fn head_of(thread: u64, handle: u64, state: &ConnState) -> TlsHead {
    TlsHead {
        kind: DATA,
        direction: WRITTEN,
        flags: state.flags as u16,
        len: 0,
        tgid: (thread >> 32) as u32,
        tid: thread as u32,
        // SAFETY: the helper has no precondition.
        at_ns: unsafe { bpf_ktime_get_boot_ns() },
        handle,
        epoch: state.epoch,
        start_ns: state.start_ns,
        offset: 0,
        offset_read: zero(),
        cause: CAUSE_NONE,
        cause_read: CAUSE_NONE,
    }
}

/// A zero that the compiler does not know: it would write several of them by a
/// call of a loop over bytes.
#[inline(always)]
fn zero() -> u64 {
    let zero: u64;
    // SAFETY: touches nothing but the register.
    unsafe { asm!("{zero} = 0", zero = out(reg) zero) }
    zero
}

/// The index of a direction: in assembly, because the compiler leaves the mask
/// out where it knows the direction, and the verifier of older kernels does not.
#[inline(always)]
fn side(direction: u64) -> usize {
    let mut side = direction;
    // SAFETY: touches nothing but the register, of which one bit is left.
    unsafe {
        asm!("{side} &= 1", side = inout(reg) side);
        core::hint::assert_unchecked(side < 2);
    }
    side as usize
}

/// A call transferred bytes that nobody can count: a gap of unknown length.
#[inline(always)]
pub fn unknown_length(thread: u64, frame: &Frame) -> Option<()> {
    let key = conn::key((thread >> 32) as u32, frame.handle);
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &mut *conn::find_or_make(&key)? };
    let direction = side(frame.direction);
    let mut head = head_of(thread, frame.handle, state);
    head.kind = GAP;
    head.direction = direction as u8;
    head.offset = state.offset[direction];
    head.cause = CAUSE_SCRATCH;
    if !ring::put_head(&head) {
        counter::add(NOTES_RING_FULL, 1);
    }
    Some(())
}

/// Takes the bytes of a call. The offset is advanced when its records are in
/// the ring: whoever reads an offset finds all records below it there.
#[inline(always)]
pub fn take((thread, frame, len): Transferred) -> Option<()> {
    counter::add(CALLS, 1);
    counter::add(BYTES_SEEN, len);
    if setting::get(MAY_SLEEP) == 1 {
        // Before anything is held that must not be held while waiting.
        ring::bring_in(frame.buffer, len);
    }
    let key = conn::key((thread >> 32) as u32, frame.handle);
    let Some(state) = conn::find_or_make(&key) else {
        counter::add(BYTES_RING_FULL, len);
        return None;
    };
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &mut *state };
    let direction = side(frame.direction);
    let mut head = head_of(thread, frame.handle, state);
    head.direction = direction as u8;
    head.offset = state.offset[direction];
    head.cause = state.lost[direction];
    // A written byte is there when the call begins, a read one when it ends.
    if direction != usize::from(READ) {
        head.at_ns = frame.at_ns;
    }
    let start = head.offset;
    let cause = if is_shed(&key, state) {
        CAUSE_SHED
    } else {
        copy(&mut head, frame.buffer, len)
    };
    let sent = head.offset - start;
    counter::add(BYTES_SENT, sent);
    // The odd piece is a record of its own.
    counter::add(RECORDS_SENT, sent.div_ceil(u64::from(BULK)));
    if cause != CAUSE_NONE {
        missing(&mut head, cause, len - sent);
    }
    state.lost[direction] = head.cause;
    state.offset[direction] = start + len;
    Some(())
}

/// Bytes of a connection that are always taken: enough to see what it carries.
const BEGINNING: u64 = 64 << 10;

/// The connection is left out for now.
#[inline(always)]
pub fn is_shed(key: &ConnKey, state: &ConnState) -> bool {
    filter::shed() >= SHED_UNKNOWN
        && state.offset[0] + state.offset[1] > BEGINNING
        && !conn::is_wanted(key)
}

/// Puts the bytes in the ring, in as many records as they need, and moves the
/// head on. Ends at the first record that cannot be made, and tells why. The odd
/// piece goes first: the verifier follows the loop turn by turn, and looks at
/// all the ways through it each time, so it has one size and one way out.
#[inline(always)]
fn copy(head: &mut TlsHead, buffer: u64, len: u64) -> u32 {
    let bulk = u64::from(BULK);
    let odd = len % bulk;
    if odd != 0 {
        let cause = put(head, buffer, odd as u32);
        if cause != CAUSE_NONE {
            return cause;
        }
    }
    let records = len / bulk;
    let mut source = buffer + odd;
    head.len = BULK;
    for turn in 0..u64::from(BULK_RECORDS) {
        if turn >= records {
            return CAUSE_NONE;
        }
        let cause = ring::put_bulk(head, source);
        if cause != CAUSE_NONE {
            return cause;
        }
        advance(head);
        source += bulk;
    }
    if records > u64::from(BULK_RECORDS) {
        CAUSE_TOO_LARGE
    } else {
        CAUSE_NONE
    }
}

/// A record in the smallest size that holds it.
#[inline(always)]
fn put(head: &mut TlsHead, source: u64, len: u32) -> u32 {
    head.len = len;
    let cause = ring::put_data(head, source);
    if cause == CAUSE_NONE {
        advance(head);
    }
    cause
}

#[inline(always)]
fn advance(head: &mut TlsHead) {
    head.offset += u64::from(head.len);
    head.cause = CAUSE_NONE;
}

/// Counts bytes that did not go in, and tells of them: by a gap record, or where
/// even that finds no room, by the cause that the next record carries.
#[inline(always)]
pub fn missing(head: &mut TlsHead, cause: u32, len: u64) {
    let counted = match cause {
        CAUSE_READ_FAULT => BYTES_READ_FAULT,
        CAUSE_TOO_LARGE => BYTES_TOO_LARGE,
        CAUSE_SHED => BYTES_SHED,
        _ => BYTES_RING_FULL,
    };
    counter::add(counted, len);
    if cause == CAUSE_SHED {
        // A record for each call is what shedding is to save: the next record of
        // the connection tells, or the loader when it looks for losses.
        head.cause = cause;
        return;
    }
    head.kind = GAP;
    // A longer one shows as a jump of the offset.
    head.len = if len > u64::from(u32::MAX) {
        u32::MAX
    } else {
        len as u32
    };
    head.cause = cause;
    if ring::put_head(head) {
        head.cause = CAUSE_NONE;
    }
}
