//! Whether bytes are JSON-RPC: they say so in their beginning.

use core::arch::asm;

use aya_ebpf::helpers::generated::bpf_probe_read_user;
use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuArray;

use crate::iter::Span;
use crate::stream::slot;

/// The beginning of a message. Each program has an entry of its own, and does not
/// run twice at a time on one CPU: the kernel leaves the second one out.
#[map]
static BEGINNING: PerCpuArray<[u8; LOOKED_AT]> = PerCpuArray::with_max_entries(slot::SLOTS, 0);

/// Bytes within which a message must say what it is.
const LOOKED_AT: usize = 1024;

/// Whether a message of that length has `"jsonrpc` within the
/// first bytes of its first or second piece.
#[inline(always)]
pub fn is(mut span: Span, len: u64, slot: u32) -> bool {
    if says_so(&span, slot) {
        return true;
    }
    if span.here >= len {
        return false;
    }
    span.here = 0;
    span.settle() && says_so(&span, slot)
}

#[inline(always)]
pub fn first_byte(span: &Span) -> Option<u8> {
    // SAFETY: the helper checks the address.
    unsafe { aya_ebpf::helpers::bpf_probe_read_user(span.base as *const u8) }.ok()
}

#[inline(always)]
fn says_so(span: &Span, slot: u32) -> bool {
    let Some(beginning) = BEGINNING.get_ptr_mut(slot) else {
        return false;
    };
    let len = if span.here < LOOKED_AT as u64 {
        span.here as u32
    } else {
        LOOKED_AT as u32
    };
    // SAFETY: `len` is at most the size of the entry; the helper checks the
    // source.
    let failed =
        unsafe { bpf_probe_read_user(beginning.cast(), len & 0x7ff, span.base as *const _) };
    if failed != 0 {
        return false;
    }
    // SAFETY: the entry is this program's own while it runs.
    let bytes = unsafe { &*beginning };
    let mut seen = Search::default();
    for (at, byte) in bytes.iter().enumerate() {
        if at >= len as usize {
            break;
        }
        seen.take(*byte);
    }
    seen.found()
}

/// Looks for `"jsonrpc` without a branch for each byte, of which the verifier
/// takes but a few thousand.
struct Search {
    window: u64,
    /// 1 while it was not found.
    missing: u64,
}

impl Default for Search {
    #[inline(always)]
    fn default() -> Self {
        Self {
            window: 0,
            missing: 1,
        }
    }
}

impl Search {
    const WANTED: u64 = u64::from_ne_bytes(*b"\"jsonrpc");

    #[inline(always)]
    fn take(&mut self, byte: u8) {
        self.window = (self.window >> 8) | (u64::from(byte) << 56);
        let mut differs = self.window ^ Self::WANTED;
        // In assembly, because the compiler would make a branch of it.
        // SAFETY: arithmetic on registers. What is not 0 has its highest bit set
        // itself or in its negation.
        unsafe {
            asm!(
                "{negated} = {differs}",
                "{negated} = -{negated}",
                "{differs} |= {negated}",
                "{differs} >>= 63",
                differs = inout(reg) differs,
                negated = out(reg) _,
            );
        }
        self.missing &= differs;
    }

    #[inline(always)]
    fn found(&self) -> bool {
        self.missing == 0
    }
}
