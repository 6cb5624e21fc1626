//! The programs by the names under which the loader finds them.

use aya_ebpf::EbpfContext as _;
use aya_ebpf::helpers::generated::bpf_get_attach_cookie;
use aya_ebpf::macros::{raw_tracepoint, uprobe, uretprobe};
use aya_ebpf::programs::{ProbeContext, RawTracePointContext, RetProbeContext};
use oisp_ebpf_common::function::{
    SSL_CLEAR, SSL_FREE, SSL_NEW, SSL_READ, SSL_READ_EX, SSL_WRITE, SSL_WRITE_EX, SSL_WRITE_EX2,
};
use oisp_ebpf_common::record::{READ, WRITTEN};

use crate::{process, tls};

/// The entry of a TLS function; the cookie tells which.
#[uprobe]
pub fn tls_entry(ctx: ProbeContext) -> u32 {
    // SAFETY: the context is the one that the kernel gave.
    let function = unsafe { bpf_get_attach_cookie(ctx.as_ptr()) };
    done(match function {
        SSL_READ => tls::enter(&ctx, READ, 0),
        SSL_WRITE => tls::enter(&ctx, WRITTEN, 0),
        SSL_READ_EX => count_in(&ctx, READ, 3),
        SSL_WRITE_EX => count_in(&ctx, WRITTEN, 3),
        SSL_WRITE_EX2 => count_in(&ctx, WRITTEN, 4),
        SSL_FREE => tls::closed(&ctx, false),
        SSL_CLEAR => tls::closed(&ctx, true),
        _ => None,
    })
}

#[inline(always)]
fn count_in(ctx: &ProbeContext, direction: u8, argument: usize) -> Option<()> {
    tls::enter(ctx, direction, ctx.arg(argument)?)
}

/// The return of a TLS function.
#[uretprobe]
pub fn tls_return(ctx: RetProbeContext) -> u32 {
    // SAFETY: the context is the one that the kernel gave.
    let function = unsafe { bpf_get_attach_cookie(ctx.as_ptr()) };
    done(if function == SSL_NEW {
        tls::opened(&ctx)
    } else {
        tls::leave(&ctx)
    })
}

/// `sched_process_exec(struct task_struct *, pid_t, struct linux_binprm *)`
#[raw_tracepoint]
pub fn process_exec(ctx: RawTracePointContext) -> i32 {
    done(process::exec(&ctx)) as i32
}

/// `sched_process_fork(struct task_struct *parent, struct task_struct *child)`
#[raw_tracepoint]
pub fn process_fork(ctx: RawTracePointContext) -> i32 {
    done(process::fork(&ctx)) as i32
}

/// `sched_process_exit(struct task_struct *)`
#[raw_tracepoint]
pub fn process_exit(ctx: RawTracePointContext) -> i32 {
    done(process::exit(&ctx)) as i32
}

/// The kernel does not look at what the programs return.
#[inline(always)]
fn done(_: Option<()>) -> u32 {
    0
}
