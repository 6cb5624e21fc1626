//! The user memory of a send or receive: where the bytes of a call that just
//! returned are, from the kernel's `iov_iter`, which the call moved on by as
//! many bytes as it transferred.
//!
//! So nothing is to be kept from the entry of a call to its return: the bytes
//! end where the iterator stands. Where it was not moved by exactly that many
//! (`MSG_TRUNC`, pages of a file), there is no memory to take them from.

use aya_ebpf::helpers::{bpf_probe_read_kernel, bpf_probe_read_user};
use oisp_ebpf_common::setting::{
    AT_ITER_COUNT, AT_ITERATOR_BUFFER, AT_ITERATOR_KIND, AT_ITERATOR_OFFSET, AT_ITERATOR_VECTOR,
    ITERATES_BUFFER, ITERATES_VECTOR, UNKNOWN,
};

use crate::setting;
use crate::task::Kernel;

/// User memory in one or more pieces.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Span {
    /// Where it goes on.
    pub base: u64,
    /// Bytes there.
    pub here: u64,
    /// Address of the piece that follows.
    next: u64,
    /// 1 where that address is in user space.
    by_user: u64,
}

/// A piece, as the kernel keeps it.
#[repr(C)]
#[derive(Clone, Copy)]
struct Iovec {
    base: u64,
    len: u64,
}

/// Pieces that one call may have filled or emptied.
const PIECES: u32 = 64;

/// The `len` bytes that the call moved `iter` on by. `before` is how many it had
/// before the call, where that is known.
#[inline(always)]
pub fn moved(iter: Kernel, before: Option<u64>, len: u64) -> Option<Span> {
    if let Some(before) = before {
        let left: u64 = iter.field(AT_ITER_COUNT)?;
        if before.wrapping_sub(left) != len {
            return None;
        }
    }
    let kind = u32::from(iter.field::<u8>(AT_ITERATOR_KIND)?);
    let offset: u64 = iter.field(AT_ITERATOR_OFFSET)?;
    if kind == setting::get(ITERATES_BUFFER) {
        let base: u64 = iter.field(AT_ITERATOR_BUFFER)?;
        return (offset >= len).then(|| Span::of(base + offset - len, len));
    }
    if is_iovec(kind) {
        return before_piece(iter.field(AT_ITERATOR_VECTOR)?, offset, len);
    }
    None
}

/// Before 5.14 the lowest bit is the direction, and the kinds start at 4.
#[inline(always)]
fn is_iovec(kind: u32) -> bool {
    let iovec = setting::get(ITERATES_VECTOR);
    iovec != UNKNOWN && (kind == iovec || (iovec >= 4 && kind == iovec | 1))
}

/// The `len` bytes that end at `offset` of the piece at `at`.
#[inline(always)]
fn before_piece(at: u64, offset: u64, len: u64) -> Option<Span> {
    let (mut at, mut need) = (at, len);
    if offset >= len {
        return Some(Span::of(piece(at)?.base + offset - len, len));
    }
    need -= offset;
    for _ in 0..PIECES {
        at = at.wrapping_sub(size_of::<Iovec>() as u64);
        let piece = piece(at)?;
        if piece.len >= need {
            return Some(Span {
                base: piece.base + (piece.len - need),
                here: need,
                next: at + size_of::<Iovec>() as u64,
                by_user: 0,
            });
        }
        need -= piece.len;
    }
    None
}

#[inline(always)]
fn piece(at: u64) -> Option<Iovec> {
    // SAFETY: the helper checks the address.
    unsafe { bpf_probe_read_kernel(at as *const Iovec) }.ok()
}

/// Empty pieces that may stand before the first byte.
const EMPTY: u32 = 4;

impl Span {
    /// One piece.
    #[inline(always)]
    pub fn of(base: u64, here: u64) -> Self {
        Self {
            base,
            here,
            next: 0,
            by_user: 0,
        }
    }

    /// The pieces that are listed at that address in user space.
    #[inline(always)]
    pub fn of_user(list: u64) -> Option<Self> {
        let mut span = Self {
            base: 0,
            here: 0,
            next: list,
            by_user: 1,
        };
        for _ in 0..EMPTY {
            if !span.settle() {
                return None;
            }
        }
        Some(span)
    }

    /// Goes over to the piece that follows where this one is at its end. False
    /// where that cannot be read.
    #[inline(always)]
    pub fn settle(&mut self) -> bool {
        if self.here > 0 {
            return true;
        }
        let piece = if self.by_user != 0 {
            // SAFETY: the helper checks the address.
            unsafe { bpf_probe_read_user(self.next as *const Iovec) }.ok()
        } else {
            piece(self.next)
        };
        let Some(piece) = piece else {
            return false;
        };
        self.base = piece.base;
        self.here = piece.len;
        self.next += size_of::<Iovec>() as u64;
        true
    }

    /// Goes on by that many bytes of this piece.
    #[inline(always)]
    pub fn advance(&mut self, len: u64) {
        self.base += len;
        self.here -= len;
    }
}
