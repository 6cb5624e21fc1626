//! NSS, whose connections are read and written through NSPR like any file.
//!
//! A descriptor is TLS where `SSL_ImportFD` returned it and it still has layers.
//! What NSS makes otherwise (accepted on a listening TLS socket, or before the
//! sensor came) is not told apart from layers of other kinds, and left alone.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::helpers::bpf_probe_read_user;
use aya_ebpf::programs::ProbeContext;
use oisp_ebpf_common::function::{PR_READ, PR_RECV, PR_SEND, PR_WRITE, PR_WRITEV};
use oisp_ebpf_common::record::{READ, WRITTEN};

use crate::conn;
use crate::tls::Transfer;

/// `PR_DESC_LAYERED` of NSPR's `prio.h`.
const LAYERED: u32 = 4;
/// `PR_MSG_PEEK` of the same: the bytes will be read once more.
const PEEK: u32 = 2;

/// A function of NSPR begins.
#[inline(always)]
pub fn transfer(ctx: &ProbeContext, function: u64) -> Option<Transfer> {
    match function {
        PR_READ => Transfer::new(ctx, READ, 0),
        PR_RECV if ctx.arg::<u32>(3)? & PEEK == 0 => Transfer::new(ctx, READ, 0),
        PR_WRITE | PR_SEND => Transfer::new(ctx, WRITTEN, 0),
        // Bytes from many places: counted, not taken.
        PR_WRITEV => Some(Transfer {
            direction: WRITTEN,
            buffer: 0,
            count_at: 0,
        }),
        _ => None,
    }
}

/// The descriptor that a function is called for is TLS.
///
/// A descriptor (`prio.h`) begins with the address of its methods, and these with
/// its type.
#[inline(always)]
pub fn is_tls(ctx: &ProbeContext) -> bool {
    let Some(descriptor) = ctx.arg::<u64>(0) else {
        return false;
    };
    let tgid = (bpf_get_current_pid_tgid() >> 32) as u32;
    if conn::find(&conn::key(tgid, descriptor)).is_none() {
        return false;
    }
    // SAFETY: the helper checks the addresses.
    unsafe {
        bpf_probe_read_user(descriptor as *const u64)
            .and_then(|methods| bpf_probe_read_user(methods as *const u32))
            .is_ok_and(|kind| kind == LAYERED)
    }
}
