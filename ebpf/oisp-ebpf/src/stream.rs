//! Streams without TLS that are taken: which they are, and their bytes.
//!
//! A stream belongs to the process that used it first, also where others use it
//! later: its bytes are one stream, whoever moves them.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{LruHashMap, PerCpuArray};
use oisp_ebpf_common::conn::ConnState;
use oisp_ebpf_common::counter::{
    BYTES_RING_FULL, BYTES_SEEN, BYTES_SENT, CALLS, NOTES_RING_FULL, RECORDS_SENT,
};
use oisp_ebpf_common::plain::Stream;
use oisp_ebpf_common::record::{
    BULK, BULK_RECORDS, CAUSE_NONE, CAUSE_READ_FAULT, CAUSE_SCRATCH, CAUSE_SHED, CAUSE_TOO_LARGE,
    CAUSE_UNSEEN, CLOSED, TlsHead,
};

use self::slot::SLOTS;
use crate::iter::Span;
use crate::{conn, counter, ring, tls};

/// By handle.
#[map]
static STREAMS: LruHashMap<u64, Stream> = LruHashMap::with_max_entries(16384, 0);

/// A call's memory while it is copied. What is read from a map is anything to the
/// verifier: it follows the copying once, not once for each way that leads there.
/// Each program has an entry of its own, and does not run twice at a time on one
/// CPU: the kernel leaves the second one out.
#[repr(C)]
#[derive(Clone, Copy)]
struct Work {
    span: Span,
    left: u64,
}

#[map]
static WORK: PerCpuArray<Work> = PerCpuArray::with_max_entries(SLOTS, 0);

/// The entries of per-CPU tables, by program.
pub mod slot {
    pub const SENT: u32 = 0;
    pub const RECEIVED: u32 = 1;
    pub const PIPE: u32 = 2;
    pub const SOCKET: u32 = 3;
    pub const SLOTS: u32 = 4;
}

/// The stream of that handle, if it is taken.
#[inline(always)]
pub fn find(handle: u64) -> Option<*mut Stream> {
    STREAMS.get_ptr_mut(handle)
}

/// Takes a stream from now on. It belongs to the process that runs.
#[inline(always)]
pub fn open(handle: u64, stream: &Stream, flags: u32) -> Option<*mut Stream> {
    conn::open(&conn::key(stream.owner, handle), flags);
    STREAMS.insert(handle, stream, 0).ok()?;
    find(handle)
}

/// Takes it no longer, and tells nobody.
#[inline(always)]
pub fn forget(handle: u64) {
    let _ = STREAMS.remove(handle);
}

/// The owner of the stream, as if one of its threads had made the call.
#[inline(always)]
fn thread_of(owner: u32) -> u64 {
    (u64::from(owner) << 32) | (bpf_get_current_pid_tgid() & 0xffff_ffff)
}

/// The connection of a stream; another one where its owner is over: the process
/// that runs then owns it.
#[inline(always)]
fn state_of(stream: &mut Stream, handle: u64, flags: u32) -> Option<*mut ConnState> {
    if let Some(state) = conn::find(&conn::key(stream.owner, handle)) {
        return Some(state);
    }
    stream.owner = (bpf_get_current_pid_tgid() >> 32) as u32;
    let key = conn::key(stream.owner, handle);
    conn::open(&key, flags | oisp_ebpf_common::conn::CONN_LATE);
    conn::find(&key)
}

/// Whether its owner's connection is still told of.
#[inline(always)]
pub fn is_told(stream: &Stream, handle: u64) -> bool {
    conn::find(&conn::key(stream.owner, handle)).is_some()
}

/// A head for a record of that stream.
#[inline(always)]
pub fn head(stream: &Stream, handle: u64) -> Option<TlsHead> {
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &*conn::find(&conn::key(stream.owner, handle))? };
    Some(tls::head_of(thread_of(stream.owner), handle, state))
}

/// Bytes of one direction went a way that is not watched. They show as a jump of
/// the offset in the record that follows.
#[inline(always)]
pub fn pass(stream: &mut Stream, handle: u64, direction: usize, len: u64, flags: u32) {
    if let Some(state) = state_of(stream, handle, flags) {
        // SAFETY: the pointer is an entry of the table.
        let state = unsafe { &mut *state };
        state.offset[direction & 1] += len;
        state.lost[direction & 1] = CAUSE_UNSEEN;
    }
}

/// Takes the bytes of a call. As with TLS, the offset is advanced when the
/// records are in the ring.
#[inline(always)]
pub fn take(
    stream: &mut Stream,
    handle: u64,
    direction: u8,
    span: Option<Span>,
    len: u64,
    (flags, slot): (u32, u32),
) -> Option<()> {
    counter::add(CALLS, 1);
    counter::add(BYTES_SEEN, len);
    let Some(state) = state_of(stream, handle, flags) else {
        counter::add(BYTES_RING_FULL, len);
        return None;
    };
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &mut *state };
    let side = usize::from(direction & 1);
    let mut head = tls::head_of(thread_of(stream.owner), handle, state);
    head.direction = direction & 1;
    head.offset = state.offset[side];
    head.cause = state.lost[side];
    let start = head.offset;
    let cause = match span {
        _ if tls::is_shed(&conn::key(stream.owner, handle), state) => CAUSE_SHED,
        Some(span) => copy(&mut head, span, len, slot),
        None => CAUSE_READ_FAULT,
    };
    let sent = head.offset - start;
    counter::add(BYTES_SENT, sent);
    if cause != CAUSE_NONE {
        tls::missing(&mut head, cause, len - sent);
    }
    state.lost[side] = head.cause;
    state.offset[side] = start + len;
    Some(())
}

/// Puts the bytes in the ring; ends at the first record that cannot be made, and
/// tells why. What one piece holds to the end goes in large records, pieces
/// before it one by one: the verifier follows every turn of a loop, so the long
/// one has to be simple.
#[inline(always)]
fn copy(head: &mut TlsHead, span: Span, len: u64, slot: u32) -> u32 {
    let Some(work) = WORK.get_ptr_mut(slot) else {
        return CAUSE_SCRATCH;
    };
    // SAFETY: here and below, the entry is this program's own while it runs.
    unsafe { work.write_volatile(Work { span, left: len }) };
    let mut is_last = false;
    for _ in 0..PIECES {
        // SAFETY: as above.
        let Work { mut span, left } = unsafe { work.read_volatile() };
        if span.here >= left {
            is_last = true;
            break;
        }
        if span.here > 0 {
            let mut n = u64::from(BULK);
            if n > span.here {
                n = span.here;
            }
            head.len = n as u32;
            let cause = ring::put_bulk_of(head, span.base, false);
            if cause != CAUSE_NONE {
                return cause;
            }
            advance(head);
            span.advance(n);
            // SAFETY: as above.
            unsafe {
                work.write_volatile(Work {
                    span,
                    left: left - n,
                });
            }
        } else if span.settle() {
            // SAFETY: as above.
            unsafe { work.write_volatile(Work { span, left }) };
        } else {
            return CAUSE_READ_FAULT;
        }
    }
    if !is_last {
        return CAUSE_TOO_LARGE;
    }
    // SAFETY: as above.
    let Work { span, left } = unsafe { work.read_volatile() };
    copy_last(head, span.base, left)
}

#[inline(always)]
fn advance(head: &mut TlsHead) {
    counter::add(RECORDS_SENT, 1);
    head.offset += u64::from(head.len);
    head.cause = CAUSE_NONE;
}

/// Pieces before the last, parts of pieces, and steps from one to the next.
const PIECES: u32 = 64;

/// How many large records are made before the reader is woken.
const WAKE_EVERY: u64 = 32;

/// The last piece.
#[inline(always)]
fn copy_last(head: &mut TlsHead, base: u64, len: u64) -> u32 {
    let bulk = u64::from(BULK);
    let (mut left, mut source) = (len, base);
    let mut records = 0;
    for turn in 0..u64::from(BULK_RECORDS) {
        if left <= bulk {
            break;
        }
        head.len = BULK;
        let wakes = turn % WAKE_EVERY == WAKE_EVERY - 1;
        let cause = ring::put_bulk_of(head, source, wakes);
        if cause != CAUSE_NONE {
            counter::add(RECORDS_SENT, records);
            return cause;
        }
        records += 1;
        head.offset += bulk;
        head.cause = CAUSE_NONE;
        source += bulk;
        left -= bulk;
    }
    counter::add(RECORDS_SENT, records);
    if left > bulk {
        return CAUSE_TOO_LARGE;
    }
    head.len = left as u32;
    let cause = ring::put_data(head, source);
    if cause == CAUSE_NONE {
        advance(head);
    }
    cause
}

/// The stream is over.
#[inline(always)]
pub fn close(stream: &Stream, handle: u64) {
    let key = conn::key(stream.owner, handle);
    if let Some(state) = conn::find(&key) {
        // SAFETY: the pointer is an entry of the table.
        let state = unsafe { &mut *state };
        // Whichever thread runs may have nothing to do with it.
        let thread = (u64::from(stream.owner) << 32) | u64::from(stream.owner);
        let mut head = tls::head_of(thread, handle, state);
        head.kind = CLOSED;
        let [written, read] = state.offset;
        head.offset = written;
        head.offset_read = read;
        head.cause = state.lost[0];
        head.cause_read = state.lost[1];
        if ring::put_head(&head) {
            conn::remove(&key);
        } else {
            // Stays in the table, where the loader finds it.
            counter::add(NOTES_RING_FULL, 1);
            state.flags |= oisp_ebpf_common::conn::CONN_FREED;
        }
    }
    forget(handle);
}
