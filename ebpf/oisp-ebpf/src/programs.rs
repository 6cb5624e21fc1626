//! The programs by the names under which the loader finds them.

use aya_ebpf::EbpfContext as _;
use aya_ebpf::helpers::generated::bpf_get_attach_cookie;
use aya_ebpf::macros::{fentry, fexit, raw_tracepoint, uprobe, uretprobe};
use aya_ebpf::programs::{
    FEntryContext, FExitContext, ProbeContext, RawTracePointContext, RetProbeContext,
};
use oisp_ebpf_common::function::{
    GNUTLS_DEINIT, GNUTLS_RECV, PR_CLOSE, PR_READ, SSL_CLEAR, SSL_CTRL, SSL_FREE, SSL_IMPORT_FD,
    SSL_NEW, SSL_READ, SSL_READ_EX, SSL_SET_HOST_NAME, SSL_WRITE, SSL_WRITE_EX, SSL_WRITE_EX2,
};
use oisp_ebpf_common::record::{READ, WRITTEN};

use oisp_ebpf_common::file::{FILE_RENAME, FILE_RMDIR, FILE_UNLINK};
use oisp_ebpf_common::setting::{
    PARAMETERS_VFS_RENAME, PARAMETERS_VFS_RMDIR, PARAMETERS_VFS_UNLINK,
};

use crate::tls::Transfer;
use crate::{file, file_calls, gnutls, nss, process, server_name, setting, socket, tls};

/// The entry of a TLS function; the cookie tells which.
#[uprobe]
pub fn tls_entry(ctx: ProbeContext) -> u32 {
    // SAFETY: the context is the one that the kernel gave.
    let function = unsafe { bpf_get_attach_cookie(ctx.as_ptr()) };
    if (PR_READ..=PR_CLOSE).contains(&function) && !nss::is_tls(&ctx) {
        return 0;
    }
    done(match function {
        SSL_FREE | GNUTLS_DEINIT | PR_CLOSE => tls::closed(&ctx, false),
        SSL_CLEAR => tls::closed(&ctx, true),
        SSL_CTRL => server_name::control(&ctx),
        SSL_SET_HOST_NAME => server_name::told(&ctx, 1),
        _ => transfer(&ctx, function)
            .and_then(|transfer| tls::enter(&ctx, &transfer))
            .and_then(|()| below(&ctx, function)),
    })
}

#[inline(always)]
fn transfer(ctx: &ProbeContext, function: u64) -> Option<Transfer> {
    match function {
        SSL_READ => Transfer::new(ctx, READ, 0),
        SSL_WRITE => Transfer::new(ctx, WRITTEN, 0),
        SSL_READ_EX => Transfer::new(ctx, READ, ctx.arg(3)?),
        SSL_WRITE_EX => Transfer::new(ctx, WRITTEN, ctx.arg(3)?),
        SSL_WRITE_EX2 => Transfer::new(ctx, WRITTEN, ctx.arg(4)?),
        GNUTLS_RECV..=GNUTLS_DEINIT => gnutls::transfer(ctx, function),
        PR_READ..=PR_CLOSE => nss::transfer(ctx, function),
        _ => None,
    }
}

/// Looks for what is below the connection of a call, in the libraries whose
/// handles hold the randoms of their handshakes.
#[inline(always)]
fn below(ctx: &ProbeContext, function: u64) -> Option<()> {
    if function > SSL_WRITE_EX2 {
        return None;
    }
    socket::at_entry(ctx.arg(0)?)
}

/// The return of a TLS function.
#[uretprobe]
pub fn tls_return(ctx: RetProbeContext) -> u32 {
    // SAFETY: the context is the one that the kernel gave.
    let function = unsafe { bpf_get_attach_cookie(ctx.as_ptr()) };
    done(returned(function, &ctx, tls::return_stack(&ctx)))
}

/// A return instruction of a TLS function: the same, where the kernel must not
/// divert returns. The stack is as it was at the entry.
#[uprobe]
pub fn tls_return_here(ctx: ProbeContext) -> u32 {
    // SAFETY: the context is the one that the kernel gave.
    let function = unsafe { bpf_get_attach_cookie(ctx.as_ptr()) };
    let stack = tls::entry_stack(&ctx);
    done(returned(
        function,
        &RetProbeContext::new(ctx.as_ptr()),
        stack,
    ))
}

#[inline(always)]
fn returned(function: u64, ctx: &RetProbeContext, stack: u64) -> Option<()> {
    let transferred = match function {
        SSL_NEW | SSL_IMPORT_FD => return tls::opened(ctx),
        GNUTLS_RECV..=GNUTLS_DEINIT => gnutls::leave(ctx, function, stack),
        _ => tls::leave(ctx, stack),
    };
    // In one place only: most of a program's instructions are there.
    transferred.and_then(tls::take)
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

/// `int security_file_open(struct file *)`
#[fentry(function = "security_file_open")]
pub fn file_open(ctx: FEntryContext) -> i32 {
    done(file::opened(ctx.arg(0), 0)) as i32
}

/// `ssize_t vfs_write(struct file *, const char __user *, size_t, loff_t *)`
#[fexit(function = "vfs_write")]
pub fn file_write(ctx: FExitContext) -> i32 {
    done(file::wrote(ctx.arg(0), ctx.arg(4))) as i32
}

/// `ssize_t vfs_writev(struct file *, const struct iovec __user *, unsigned long,
/// loff_t *, rwf_t)`
#[fexit(function = "vfs_writev")]
pub fn file_writev(ctx: FExitContext) -> i32 {
    done(file::wrote(ctx.arg(0), ctx.arg(5))) as i32
}

/// `int filp_flush(struct file *, fl_owner_t)`: what close(2) calls since 6.6
#[fentry(function = "filp_flush")]
pub fn file_flush(ctx: FEntryContext) -> i32 {
    done(file::closed(ctx.arg(0))) as i32
}

/// `int filp_close(struct file *, fl_owner_t)`
#[fentry(function = "filp_close")]
pub fn file_close(ctx: FEntryContext) -> i32 {
    done(file::closed(ctx.arg(0))) as i32
}

/// `int security_path_unlink(const struct path *, struct dentry *)`
#[fentry(function = "security_path_unlink")]
pub fn file_unlink(ctx: FEntryContext) -> i32 {
    done(file::removing(FILE_UNLINK, ctx.arg(0), ctx.arg(1))) as i32
}

/// `int security_path_rmdir(const struct path *, struct dentry *)`
#[fentry(function = "security_path_rmdir")]
pub fn file_rmdir(ctx: FEntryContext) -> i32 {
    done(file::removing(FILE_RMDIR, ctx.arg(0), ctx.arg(1))) as i32
}

/// `int security_path_rename(const struct path *, struct dentry *, const struct
/// path *, struct dentry *, unsigned int)`
#[fentry(function = "security_path_rename")]
pub fn file_rename(ctx: FEntryContext) -> i32 {
    let places = [ctx.arg(0), ctx.arg(1), ctx.arg(2), ctx.arg(3)];
    done(file::renaming(FILE_RENAME, places)) as i32
}

/// `int vfs_unlink(…)`, of which the kernels differ in what comes before.
#[fexit(function = "vfs_unlink")]
pub fn file_unlinked(ctx: FExitContext) -> i32 {
    done(result_behind(&ctx, PARAMETERS_VFS_UNLINK).and_then(file::done)) as i32
}

/// `int vfs_rmdir(…)`
#[fexit(function = "vfs_rmdir")]
pub fn file_rmdired(ctx: FExitContext) -> i32 {
    done(result_behind(&ctx, PARAMETERS_VFS_RMDIR).and_then(file::done)) as i32
}

/// `int vfs_rename(…)`
#[fexit(function = "vfs_rename")]
pub fn file_renamed(ctx: FExitContext) -> i32 {
    done(result_behind(&ctx, PARAMETERS_VFS_RENAME).and_then(file::done)) as i32
}

/// `sys_enter(struct pt_regs *, long)`
#[raw_tracepoint]
pub fn file_call_enter(ctx: RawTracePointContext) -> i32 {
    done(file_calls::entered(&ctx)) as i32
}

/// `sys_exit(struct pt_regs *, long)`
#[raw_tracepoint]
pub fn file_call_used(ctx: RawTracePointContext) -> i32 {
    done(file_calls::used(&ctx)) as i32
}

/// `sys_exit(struct pt_regs *, long)`
#[raw_tracepoint]
pub fn file_call_removed(ctx: RawTracePointContext) -> i32 {
    done(file_calls::removed(&ctx)) as i32
}

/// `sys_exit(struct pt_regs *, long)`
#[raw_tracepoint]
pub fn file_call_renamed(ctx: RawTracePointContext) -> i32 {
    done(file_calls::renamed(&ctx)) as i32
}

/// What a function returned stands behind its parameters, of which that setting
/// tells the number.
#[inline(always)]
fn result_behind(ctx: &FExitContext, parameters: u32) -> Option<i32> {
    match setting::get(parameters) {
        1 => Some(ctx.arg(1)),
        2 => Some(ctx.arg(2)),
        3 => Some(ctx.arg(3)),
        4 => Some(ctx.arg(4)),
        5 => Some(ctx.arg(5)),
        6 => Some(ctx.arg(6)),
        _ => None,
    }
}

/// The kernel does not look at what the programs return.
#[inline(always)]
fn done(_: Option<()>) -> u32 {
    0
}
