//! The programs for streams without TLS, by the names under which the loader
//! finds them.

use aya_ebpf::macros::{fentry, fexit, raw_tracepoint};
use aya_ebpf::programs::{FEntryContext, FExitContext, RawTracePointContext};

use crate::{plain, stdio};

/// `int tcp_sendmsg(struct sock *, struct msghdr *, size_t)`
#[fexit]
pub fn plain_sent(ctx: FExitContext) -> i32 {
    done(plain::sent(ctx.arg(0), ctx.arg(1), ctx.arg(2), ctx.arg(3)))
}

/// `int tcp_recvmsg(struct sock *, struct msghdr *, size_t, int flags)`
#[fexit]
pub fn plain_received(ctx: FExitContext) -> i32 {
    done(plain::received(
        ctx.arg(0),
        ctx.arg(1),
        ctx.arg(2),
        ctx.arg(3),
        ctx.arg(4),
    ))
}

/// The same with an `int *addr_len` at its end.
#[fexit]
pub fn plain_received_5(ctx: FExitContext) -> i32 {
    done(plain::received(
        ctx.arg(0),
        ctx.arg(1),
        ctx.arg(2),
        ctx.arg(3),
        ctx.arg(5),
    ))
}

/// The same with an `int nonblock` before the flags.
#[fexit]
pub fn plain_received_6(ctx: FExitContext) -> i32 {
    done(plain::received(
        ctx.arg(0),
        ctx.arg(1),
        ctx.arg(2),
        ctx.arg(4),
        ctx.arg(6),
    ))
}

/// `void tcp_close(struct sock *, long)`
#[fentry]
pub fn plain_closed(ctx: FEntryContext) -> i32 {
    done(plain::closed(ctx.arg(0)))
}

/// `ssize_t pipe_write(struct kiocb *, struct iov_iter *)`
#[fexit]
pub fn stdio_pipe(ctx: FExitContext) -> i32 {
    done(stdio::pipe(ctx.arg(0), ctx.arg(1), ctx.arg(2)))
}

/// `int unix_stream_sendmsg(struct socket *, struct msghdr *, size_t)`
#[fexit]
pub fn stdio_socket(ctx: FExitContext) -> i32 {
    done(stdio::socket(
        ctx.arg(0),
        ctx.arg(1),
        ctx.arg(2),
        ctx.arg(3),
    ))
}

/// `sock_send_length(struct sock *, int returned, int flags)`
#[raw_tracepoint]
pub fn sock_sent(ctx: RawTracePointContext) -> i32 {
    done(plain::sock_sent(ctx.arg(0), ctx.arg::<u64>(1) as i32))
}

/// `int begin_new_exec(struct linux_binprm *)`
#[fentry]
pub fn stdio_starts(_ctx: FEntryContext) -> i32 {
    done(stdio::starts())
}

/// `sched_prepare_exec(struct task_struct *, struct linux_binprm *)`
#[raw_tracepoint]
pub fn stdio_prepares(_ctx: RawTracePointContext) -> i32 {
    done(stdio::starts())
}

/// `sock_send_length(struct sock *, int returned, int flags)`
#[raw_tracepoint]
pub fn stdio_sent(ctx: RawTracePointContext) -> i32 {
    done(stdio::sent(ctx.arg(0), ctx.arg::<u64>(1) as i32))
}

/// `sock_recv_length(struct sock *, int returned, int flags)`
#[raw_tracepoint]
pub fn sock_received(ctx: RawTracePointContext) -> i32 {
    let (returned, flags) = (ctx.arg::<u64>(1) as i32, ctx.arg::<u64>(2) as u32);
    done(plain::sock_received(ctx.arg(0), returned, flags))
}

/// `inet_sock_set_state(struct sock *, int before, int after)`
#[raw_tracepoint]
pub fn sock_changes(ctx: RawTracePointContext) -> i32 {
    done(plain::changes(ctx.arg(0), ctx.arg::<u64>(1) as u32))
}

/// `tcp_destroy_sock(struct sock *)`
#[raw_tracepoint]
pub fn sock_destroyed(ctx: RawTracePointContext) -> i32 {
    done(plain::destroyed(ctx.arg(0)))
}

/// `sys_exit(struct pt_regs *, long returned)`
#[raw_tracepoint]
pub fn stdio_syscall(ctx: RawTracePointContext) -> i32 {
    done(stdio::syscall(ctx.arg(0), ctx.arg::<u64>(1) as i64)) as i32
}

/// The kernel does not look at what the programs return.
#[inline(always)]
fn done(_: Option<()>) -> i32 {
    0
}
