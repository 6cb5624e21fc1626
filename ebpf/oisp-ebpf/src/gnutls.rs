//! GnuTLS: what differs from OpenSSL.
//!
//! Bytes count when the library accepts them. While a session is corked that is
//! the call that hands them over, and the uncorking sends them by calls of the
//! same functions, which are not counted again. A send that is resumed without
//! its buffer (`NULL, 0`) returns a number of bytes that are nowhere any more: a
//! gap of that length.

use aya_ebpf::helpers::bpf_probe_read_user;
use aya_ebpf::programs::{ProbeContext, RetProbeContext};
use oisp_ebpf_common::function::{
    GNUTLS_INIT, GNUTLS_RECV, GNUTLS_RECV_PACKET, GNUTLS_SEND, GNUTLS_SEND_EARLY, GNUTLS_UNCORK,
};
use oisp_ebpf_common::record::{READ, WRITTEN};

use crate::call::TOLD_BEFORE;
use crate::tls::{self, Transfer, Transferred};

/// A function of GnuTLS begins.
#[inline(always)]
pub fn transfer(ctx: &ProbeContext, function: u64) -> Option<Transfer> {
    match function {
        GNUTLS_RECV..=GNUTLS_RECV_PACKET => Transfer::new(ctx, READ, 0),
        GNUTLS_SEND..=GNUTLS_SEND_EARLY => Transfer::new(ctx, WRITTEN, 0),
        // What an initialisation keeps is where the session will stand.
        _ => Some(Transfer {
            direction: WRITTEN,
            buffer: 0,
            count_at: TOLD_BEFORE,
        }),
    }
}

/// A function of GnuTLS returns.
#[inline(always)]
pub fn leave(ctx: &RetProbeContext, function: u64, stack: u64) -> Option<Transferred> {
    let (thread, mut frame) = tls::left(stack)?;
    let returned: i64 = ctx.ret();
    match function {
        GNUTLS_UNCORK => return None,
        GNUTLS_INIT => {
            if returned as i32 == 0 {
                initialised(thread, frame.handle);
            }
            return None;
        }
        // Whether the peer takes them, the handshake tells: they may be sent
        // again, or not.
        GNUTLS_SEND_EARLY => {
            if returned == 0 {
                tls::unknown_length(thread, &frame);
            }
            return None;
        }
        GNUTLS_RECV_PACKET if returned > 0 => {
            frame.buffer = packet(frame.buffer, returned as u64).unwrap_or(0);
        }
        _ => {}
    }
    (returned > 0).then_some((thread, frame, returned as u64))
}

/// A session was made, and left at `at`.
#[inline(always)]
fn initialised(thread: u64, at: u64) -> Option<()> {
    // SAFETY: the helper checks the address.
    let session = unsafe { bpf_probe_read_user(at as *const u64) };
    tls::begin(thread, session.ok()?)
}

/// How a packet begins. The structure is the library's own: it is believed where
/// it says what the call returned.
#[repr(C)]
#[derive(Clone, Copy)]
struct Packet {
    next: u64,
    previous: u64,
    mark: u64,
    data: u64,
    size: u32,
}

/// Where the bytes of the packet are that a call left at `at`.
#[inline(always)]
fn packet(at: u64, len: u64) -> Option<u64> {
    // SAFETY: the helper checks the addresses.
    let packet = unsafe {
        let packet = bpf_probe_read_user(at as *const u64).ok()?;
        bpf_probe_read_user(packet as *const Packet).ok()?
    };
    let alone = packet.next == 0 && packet.previous == 0;
    let told = packet.mark + len == u64::from(packet.size);
    (alone && told).then_some(packet.data + packet.mark)
}
