//! Calls of Go's `crypto/tls`, at the entries and the return instructions of its
//! functions.
//!
//! Go since 1.18 passes arguments and results in registers of its own choice,
//! and keeps the goroutine's address in one. A goroutine may change its thread
//! within a call, and its stack may be moved to another place, so a call is
//! known by the goroutine and by how far below the upper end of its stack it
//! was entered: that distance stays when the stack moves. TLS inside of TLS is
//! another distance.

use aya_ebpf::EbpfContext as _;
use aya_ebpf::helpers::bpf_probe_read_user;
use aya_ebpf::helpers::generated::{bpf_get_attach_cookie, bpf_ktime_get_boot_ns};
use aya_ebpf::macros::{map, uprobe};
use aya_ebpf::maps::LruHashMap;
use aya_ebpf::programs::ProbeContext;
use oisp_ebpf_common::conn::CONN_RENEGOTIATING;
use oisp_ebpf_common::counter::{CALLS_FILTERED, CALLS_UNTRACKED};
use oisp_ebpf_common::go::{
    GO_CLOSE, GO_HANDSHAKE, GO_HANDSHAKE_MESSAGE, GO_READ, GO_RENEGOTIATE, GO_RETURNED,
    GO_TRANSFERRED, GO_WRITE,
};
use oisp_ebpf_common::record::{READ, WRITTEN};

use crate::call::Frame;
use crate::{conn, counter, filter, tls};

/// Any of the functions: the cookie tells which, and which end of it.
#[uprobe]
pub fn go_call(ctx: ProbeContext) -> u32 {
    // SAFETY: the context is the one that the kernel gave.
    let function = unsafe { bpf_get_attach_cookie(ctx.as_ptr()) };
    let _ = run(&ctx, function);
    0
}

#[inline(always)]
fn run(ctx: &ProbeContext, function: u64) -> Option<()> {
    let Some(thread) = filter::observed() else {
        if function == GO_READ || function == GO_WRITE {
            counter::add(CALLS_FILTERED, 1);
        }
        return None;
    };
    let registers = Registers::of(ctx);
    match function {
        GO_READ => enter(thread, &registers, u64::from(READ)),
        GO_WRITE => enter(thread, &registers, u64::from(WRITTEN)),
        GO_CLOSE | GO_RENEGOTIATE => {
            if function == GO_RENEGOTIATE {
                renegotiates(thread, &registers);
            }
            enter(thread, &registers, function)
        }
        GO_TRANSFERRED => transferred(thread, &registers),
        GO_RETURNED => returned(thread, &registers),
        GO_HANDSHAKE => handshake(thread, &registers),
        GO_HANDSHAKE_MESSAGE => handshake_message(thread, &registers),
        _ => None,
    }
}

/// What of the registers has a meaning in Go.
struct Registers {
    /// The first four words of arguments; the first of them of results.
    words: [u64; 4],
    goroutine: u64,
    stack: u64,
}

impl Registers {
    #[cfg(bpf_target_arch = "x86_64")]
    #[inline(always)]
    fn of(ctx: &ProbeContext) -> Self {
        // SAFETY: the kernel gives the program valid registers.
        let regs = unsafe { &*ctx.regs };
        Self {
            words: [regs.rax, regs.rbx, regs.rcx, regs.rdi],
            goroutine: regs.r14,
            stack: regs.rsp,
        }
    }

    #[cfg(bpf_target_arch = "aarch64")]
    #[inline(always)]
    fn of(ctx: &ProbeContext) -> Self {
        // SAFETY: the kernel gives the program valid registers.
        let regs = unsafe { &*ctx.regs };
        let [first, second, third, fourth, ..] = regs.regs;
        Self {
            words: [first, second, third, fourth],
            goroutine: regs.regs[28],
            stack: regs.sp,
        }
    }
}

/// The beginning of the runtime's `g`: the ends of the goroutine's stack.
#[repr(C)]
#[derive(Clone, Copy)]
struct Stack {
    low: u64,
    high: u64,
}

/// A call in flight.
#[repr(C)]
#[derive(Clone, Copy)]
struct Key {
    goroutine: u64,
    tgid: u32,
    /// From the upper end of the stack down to the call.
    depth: u32,
}

/// What its entry knew.
#[repr(C)]
#[derive(Clone, Copy)]
struct Call {
    /// `*tls.Conn`
    conn: u64,
    /// The caller's buffer: address, length.
    buffer: u64,
    len: u64,
    /// Nanoseconds since boot.
    at_ns: u64,
    /// Upper end of the stack where the buffer is on it; else 0.
    on_stack: u64,
    /// `record::WRITTEN` or `record::READ`, or the number of the function.
    what: u64,
}

/// Least recently used first out: a call that never returns (a panic, the end of
/// its process) leaves its entry behind.
#[map]
static GO_CALLS: LruHashMap<Key, Call> = LruHashMap::with_max_entries(32768, 0);

/// The call that is entered or left here.
#[inline(always)]
fn key(thread: u64, registers: &Registers) -> Option<(Key, Stack)> {
    // SAFETY: the helper checks the address.
    let stack = unsafe { bpf_probe_read_user(registers.goroutine as *const Stack) }.ok()?;
    let depth = stack.high.wrapping_sub(registers.stack);
    if depth > u64::from(u32::MAX) {
        return None;
    }
    let key = Key {
        goroutine: registers.goroutine,
        tgid: (thread >> 32) as u32,
        depth: depth as u32,
    };
    Some((key, stack))
}

#[inline(always)]
fn enter(thread: u64, registers: &Registers, what: u64) -> Option<()> {
    let [conn, buffer, len, _] = registers.words;
    let mut call = Call {
        conn,
        buffer,
        len,
        // SAFETY: the helper has no precondition.
        at_ns: unsafe { bpf_ktime_get_boot_ns() },
        on_stack: 0,
        what,
    };
    let Some((key, stack)) = key(thread, registers) else {
        return untracked(thread, &call);
    };
    if buffer >= stack.low && buffer < stack.high {
        call.on_stack = stack.high;
    }
    if GO_CALLS.insert(&key, &call, 0).is_err() {
        // What stands there is of another call.
        let _ = GO_CALLS.remove(&key);
        return untracked(thread, &call);
    }
    Some(())
}

#[inline(always)]
fn untracked(thread: u64, call: &Call) -> Option<()> {
    counter::add(CALLS_UNTRACKED, 1);
    if call.what <= u64::from(READ) {
        tls::unknown_length(thread, &frame(call, 0));
    }
    None
}

/// The call as [`tls`] knows calls.
#[inline(always)]
fn frame(call: &Call, moved: u64) -> Frame {
    Frame {
        sp: 0,
        handle: call.conn,
        buffer: call.buffer.wrapping_add(moved),
        count_at: 0,
        at_ns: call.at_ns,
        direction: call.what,
    }
}

/// The call that returns here; it is over after that.
#[inline(always)]
fn leave(thread: u64, registers: &Registers) -> Option<(Call, Stack)> {
    let (key, stack) = key(thread, registers)?;
    // SAFETY: the entry is the goroutine's own, and is copied at once.
    let call = unsafe { *GO_CALLS.get(&key)? };
    let _ = GO_CALLS.remove(&key);
    Some((call, stack))
}

/// `Read` or `Write` returns with how many bytes it took or gave, whether or not
/// it failed after them.
#[inline(always)]
fn transferred(thread: u64, registers: &Registers) -> Option<()> {
    let [count, ..] = registers.words;
    let found = leave(thread, registers);
    if count as i64 <= 0 {
        return None;
    }
    let Some((call, stack)) = found else {
        // Entered before it was probed, or pushed out.
        counter::add(CALLS_UNTRACKED, 1);
        return None;
    };
    if call.what > u64::from(READ) || count > call.len {
        return None;
    }
    let moved = if call.on_stack == 0 {
        0
    } else {
        stack.high.wrapping_sub(call.on_stack)
    };
    tls::take((thread, frame(&call, moved), count))
}

/// `Close` or a renegotiation is over.
#[inline(always)]
fn returned(thread: u64, registers: &Registers) -> Option<()> {
    let (call, _) = leave(thread, registers)?;
    let key = conn::key((thread >> 32) as u32, call.conn);
    if call.what == GO_CLOSE {
        return tls::close(thread, &key, false);
    }
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &mut *conn::find(&key)? };
    state.flags &= !CONN_RENEGOTIATING;
    Some(())
}

/// The handshake within this call is not the connection's first.
#[inline(always)]
fn renegotiates(thread: u64, registers: &Registers) -> Option<()> {
    let [conn, ..] = registers.words;
    let key = conn::key((thread >> 32) as u32, conn);
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &mut *conn::find_or_make(&key)? };
    state.flags |= CONN_RENEGOTIATING;
    Some(())
}

/// A handshake begins, and with it a connection. What was at that address
/// before was not closed, but left to the garbage collector.
#[inline(always)]
fn handshake(thread: u64, registers: &Registers) -> Option<()> {
    let [conn, ..] = registers.words;
    let key = conn::key((thread >> 32) as u32, conn);
    if let Some(state) = conn::find(&key) {
        // SAFETY: the pointer is an entry of the table.
        if unsafe { (*state).flags } & CONN_RENEGOTIATING != 0 {
            return None;
        }
        tls::close(thread, &key, false);
    }
    conn::open(&key, 0);
    Some(())
}

/// A message of a handshake, which is one where it goes into the transcript. A
/// connection of which only that is seen is new too: nothing was read or
/// written before.
#[inline(always)]
fn handshake_message(thread: u64, registers: &Registers) -> Option<()> {
    let [conn, _, _, transcript] = registers.words;
    let key = conn::key((thread >> 32) as u32, conn);
    if transcript != 0 && conn::find(&key).is_none() {
        conn::open(&key, 0);
    }
    Some(())
}
