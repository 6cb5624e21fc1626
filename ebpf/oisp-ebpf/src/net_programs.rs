//! The programs for the network, by the names under which the loader finds them.

use aya_ebpf::macros::{fentry, fexit, raw_tracepoint};
use aya_ebpf::programs::{FEntryContext, FExitContext, RawTracePointContext};

use oisp_ebpf_common::setting::AT_PROTOCOL;

use crate::sock::{IPV4, IPV6, TCP, UDP};
use crate::socket::Bytes;
use crate::task::Kernel;
use crate::{dns, net, socket};

/// `inet_sock_set_state(const struct sock *, int oldstate, int newstate)`
#[raw_tracepoint]
pub fn socket_state(ctx: RawTracePointContext) -> i32 {
    done(net::state_changed(ctx.arg(0), ctx.arg(1), ctx.arg(2)))
}

/// `void security_sock_graft(struct sock *, struct socket *)`: the last step of
/// `accept`, of which the arguments changed with the years.
#[fentry(function = "security_sock_graft")]
pub fn socket_accept(ctx: FEntryContext) -> i32 {
    done(net::accepted(ctx.arg(0)))
}

/// `int tcp_v4_connect(struct sock *, struct sockaddr *, int)`
#[fexit(function = "tcp_v4_connect")]
pub fn socket_connect4(ctx: FExitContext) -> i32 {
    done(net::called(ctx.arg(0), ctx.arg(1), ctx.arg(3), IPV4))
}

/// `int tcp_v6_connect(struct sock *, struct sockaddr *, int)`
#[fexit(function = "tcp_v6_connect")]
pub fn socket_connect6(ctx: FExitContext) -> i32 {
    done(net::called(ctx.arg(0), ctx.arg(1), ctx.arg(3), IPV6))
}

/// `sock_send_length(struct sock *, int ret, int flags)`, Linux 6.3.
#[raw_tracepoint]
pub fn socket_send(ctx: RawTracePointContext) -> i32 {
    done(carried(ctx.arg(0), ctx.arg(1), None, true))
}

/// `sock_recv_length(struct sock *, int ret, int flags)`, Linux 6.3.
#[raw_tracepoint]
pub fn socket_receive(ctx: RawTracePointContext) -> i32 {
    done(carried(ctx.arg(0), ctx.arg(1), None, false))
}

// On kernels before that, the functions that those two would tell of.

/// `int tcp_sendmsg(struct sock *, struct msghdr *, size_t)`
#[fentry(function = "tcp_sendmsg")]
pub fn tcp_send(ctx: FEntryContext) -> i32 {
    done(carried(ctx.arg(0), ctx.arg(2), Some(ctx.arg(1)), true))
}

/// `int udp_sendmsg(struct sock *, struct msghdr *, size_t)`
#[fentry(function = "udp_sendmsg")]
pub fn udp_send4(ctx: FEntryContext) -> i32 {
    done(carried(ctx.arg(0), ctx.arg(2), Some(ctx.arg(1)), true))
}

/// `int udpv6_sendmsg(struct sock *, struct msghdr *, size_t)`
#[fentry(function = "udpv6_sendmsg")]
pub fn udp_send6(ctx: FEntryContext) -> i32 {
    done(carried(ctx.arg(0), ctx.arg(2), Some(ctx.arg(1)), true))
}

/// `int udp_recvmsg(struct sock *, struct msghdr *, …)`
#[fexit(function = "udp_recvmsg")]
pub fn udp_receive4(ctx: FExitContext) -> i32 {
    done(received(&ctx))
}

/// `int udpv6_recvmsg(struct sock *, struct msghdr *, …)`
#[fexit(function = "udpv6_recvmsg")]
pub fn udp_receive6(ctx: FExitContext) -> i32 {
    done(received(&ctx))
}

/// The number of arguments changed with the years, so the kernel is asked for
/// what the function returned (Linux 5.17).
#[inline(always)]
fn received(ctx: &FExitContext) -> Option<()> {
    carried(ctx.arg(0), ctx.ret().ok()?, Some(ctx.arg(1)), false)
}

/// A call carried bytes, or failed.
#[inline(always)]
fn carried(sock: u64, len: i32, message: Option<u64>, sent: bool) -> Option<()> {
    let socket = Kernel::at(sock)?;
    if len <= 0 {
        return None;
    }
    let (len, message) = (len as u64, message.unwrap_or(0));
    match (socket.field::<u16>(AT_PROTOCOL)?, sent) {
        (TCP, true) => tcp_sent(socket, len, message),
        (TCP, false) => {
            tcp_taken(socket);
            tcp_received(socket, len, message)
        }
        (UDP, true) if dns::may_be(socket) => udp_sent(socket, len, message),
        (UDP, false) if dns::may_be(socket) => udp_received(socket, len, message),
        _ => 0,
    };
    Some(())
}

// Each has a stack of its own, which would not suffice for all.

#[inline(never)]
fn tcp_sent(socket: Kernel, len: u64, message: u64) -> i32 {
    done(socket::sending(socket, Bytes::of(len, message)))
}

#[inline(never)]
fn tcp_taken(socket: Kernel) -> i32 {
    done(net::received(socket))
}

#[inline(never)]
fn tcp_received(socket: Kernel, len: u64, message: u64) -> i32 {
    done(socket::received(socket, Bytes::of(len, message)))
}

#[inline(never)]
fn udp_sent(socket: Kernel, len: u64, message: u64) -> i32 {
    done(dns::asking(socket, Bytes::of(len, message)))
}

#[inline(never)]
fn udp_received(socket: Kernel, len: u64, message: u64) -> i32 {
    done(dns::answered(socket, Bytes::of(len, message)))
}

#[inline(always)]
fn done(_: Option<()>) -> i32 {
    0
}
