//! Calls in flight: what the entry of a TLS call knew, kept until its return.
//!
//! A frame is recognised by its stack pointer. So a call that never returns
//! (`longjmp`) is found out by the next one, and of a call inside a call the
//! outer one is reported: both carry the same bytes. TLS inside TLS (a proxy
//! spoken to over TLS) is another handle, and gets the second frame.

use aya_ebpf::macros::map;
use aya_ebpf::maps::HashMap;

/// One call in flight.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Frame {
    /// Stack pointer at entry; 0 where the frame is free.
    pub sp: u64,
    /// `SSL *`
    pub handle: u64,
    /// The caller's buffer.
    pub buffer: u64,
    /// Where the call leaves the number of bytes; 0 where it returns it;
    /// [`TOLD_BEFORE`].
    pub count_at: u64,
    /// Nanoseconds since boot.
    pub at_ns: u64,
    /// `record::WRITTEN` or `record::READ`.
    pub direction: u64,
}

/// The calls in flight of one thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Frames {
    outer: Frame,
    inner: Frame,
}

const FREE: Frame = Frame {
    sp: 0,
    handle: 0,
    buffer: 0,
    count_at: 0,
    at_ns: 0,
    direction: 0,
};

/// In [`Frame::count_at`]: the call sends what the program handed over earlier,
/// so that what it sends inside is no news.
pub const TOLD_BEFORE: u64 = u64::MAX;

/// By `pid_tgid`, from a thread's first TLS call to its end.
#[map]
static CALLS: HashMap<u64, Frames> = HashMap::with_max_entries(16384, 0);

impl Frame {
    /// The same bytes on the same connection: this frame is inside `outer`.
    #[inline(always)]
    fn is_within(&self, outer: &Self) -> bool {
        outer.sp != 0
            && outer.sp >= self.sp
            && outer.handle == self.handle
            && outer.direction == self.direction
            && (outer.buffer == self.buffer || outer.count_at == TOLD_BEFORE)
            // At one stack pointer only a tail call is inside: anything else
            // there is a new call, and the old one never returned.
            && (outer.sp != self.sp || outer.count_at != self.count_at)
    }

    /// A frame that can be overwritten: free, or its call never returned.
    #[inline(always)]
    fn is_over(&self, sp: u64) -> bool {
        self.sp == 0 || self.sp <= sp
    }
}

/// Keeps a call until its return. False where there is no room.
#[inline(always)]
pub fn enter(thread: u64, frame: &Frame) -> bool {
    let Some(frames) = CALLS.get_ptr_mut(thread) else {
        let frames = Frames {
            outer: *frame,
            inner: FREE,
        };
        return CALLS.insert(thread, frames, 0).is_ok();
    };
    // SAFETY: the entry belongs to this thread alone, and is removed only when
    // the thread ends.
    let frames = unsafe { &mut *frames };
    if frame.is_within(&frames.outer) || frame.is_within(&frames.inner) {
        return true;
    }
    if frames.outer.is_over(frame.sp) {
        frames.outer = *frame;
        frames.inner = FREE;
    } else {
        frames.inner = *frame;
    }
    true
}

/// The call that returns with that stack pointer; its frame is free after it.
#[inline(always)]
pub fn leave(thread: u64, sp: u64) -> Option<Frame> {
    let frames = CALLS.get_ptr_mut(thread)?;
    // SAFETY: as above.
    let frames = unsafe { &mut *frames };
    let slot = if frames.outer.sp == sp {
        &mut frames.outer
    } else if frames.inner.sp == sp {
        &mut frames.inner
    } else {
        return None;
    };
    let frame = *slot;
    slot.sp = 0;
    Some(frame)
}

/// The innermost call that the thread is in, unless it left it without returning.
#[inline(always)]
pub fn in_flight(thread: u64) -> Option<Frame> {
    let frames = CALLS.get_ptr(thread)?;
    // SAFETY: as above.
    let frames = unsafe { &*frames };
    if frames.inner.sp != 0 {
        return Some(frames.inner);
    }
    (frames.outer.sp != 0).then_some(frames.outer)
}

/// The thread is over, or another program runs in it.
#[inline(always)]
pub fn forget(thread: u64) {
    let _ = CALLS.remove(thread);
}
