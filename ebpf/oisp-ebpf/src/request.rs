//! Whether bytes begin with a request of HTTP, and for what.

use aya_ebpf::helpers::generated::bpf_probe_read_user;
use oisp_ebpf_common::plain::{PATHS, is_preface, path_at};

use crate::iter::Span;

/// Whether the call's bytes begin with a request.
#[inline(always)]
pub fn is(span: &Span, any_path: bool) -> bool {
    let mut start = [0_u64; 4];
    let len = if span.here < 32 { span.here as u32 } else { 32 };
    // SAFETY: `len` is at most the size of `start`; the helper checks the source.
    let failed =
        unsafe { bpf_probe_read_user(start.as_mut_ptr().cast(), len & 63, span.base as *const _) };
    if failed != 0 {
        return false;
    }
    let words = [start[0], start[1]];
    let Some(at) = path_at(words) else {
        return any_path && is_preface(words);
    };
    any_path || is_model_path(&start, at)
}

/// `at` is below 9: the path begins in the first or second word.
#[inline(always)]
fn is_model_path(start: &[u64; 4], at: usize) -> bool {
    let (first, second) = if at == 8 {
        (start[1], start[2])
    } else {
        let bits = (at as u32) * 8;
        (
            (start[0] >> bits) | (start[1] << (64 - bits)),
            (start[1] >> bits) | (start[2] << (64 - bits)),
        )
    };
    PATHS.iter().any(|path| path.begins(first, second))
}
