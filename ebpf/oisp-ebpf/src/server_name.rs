//! The name of the server that a program wants (SNI), as it tells the library.

use aya_ebpf::helpers::generated::bpf_probe_read_user_str;
use aya_ebpf::programs::ProbeContext;
use oisp_ebpf_common::counter::NOTES_RING_FULL;
use oisp_ebpf_common::net::{NAME_LEN, SERVER_NAME};
use oisp_ebpf_common::record::TlsHead;

use crate::{conn, counter, filter, ring, tls};

/// `SSL_CTRL_SET_TLSEXT_HOSTNAME`
const SET_HOST_NAME: i32 = 55;
/// `TLSEXT_NAMETYPE_host_name`
const HOST_NAME: i64 = 0;

/// A setting of a handle: the name of the server, or something else.
#[inline(always)]
pub fn control(ctx: &ProbeContext) -> Option<()> {
    if ctx.arg::<i32>(1)? == SET_HOST_NAME && ctx.arg::<i64>(2)? == HOST_NAME {
        told(ctx, 3)?;
    }
    Some(())
}

/// The name of the server is in that argument.
#[inline(always)]
pub fn told(ctx: &ProbeContext, argument: usize) -> Option<()> {
    let thread = filter::observed()?;
    let name: u64 = ctx.arg(argument)?;
    let key = conn::key((thread >> 32) as u32, ctx.arg(0)?);
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &mut *conn::find_or_make(&key)? };
    let mut head = tls::head_of(thread, key.handle, state);
    put(&mut head, name)
}

#[repr(C)]
struct NameRecord {
    head: TlsHead,
    name: [u8; NAME_LEN],
}

/// The program names the server that it wants.
#[inline(always)]
fn put(head: &mut TlsHead, name: u64) -> Option<()> {
    let Some(mut entry) = ring::reserve::<NameRecord>() else {
        counter::add(NOTES_RING_FULL, 1);
        return None;
    };
    let record = entry.as_mut_ptr();
    head.kind = SERVER_NAME;
    // SAFETY: the entry has room for a `NameRecord`. The helper checks the source.
    let len = unsafe {
        bpf_probe_read_user_str(
            (&raw mut (*record).name).cast(),
            NAME_LEN as u32,
            name as *const _,
        )
    };
    // With its zero. One that fills the field may go on behind it.
    if len <= 1 || len >= NAME_LEN as i64 {
        entry.discard(0);
        return None;
    }
    head.len = len as u32 - 1;
    // SAFETY: as above.
    unsafe { (&raw mut (*record).head).write(*head) };
    ring::submit(entry);
    Some(())
}
