//! File events on kernels that allow no programs at their functions: from the
//! ends of system calls. The programs run at every system call of the machine,
//! so they are attached only while a process is watched.
//!
//! Names are as the program asked for them, relative to a directory that is told
//! with them. What goes through io_uring is not seen.

use aya_ebpf::EbpfContext as _;
use aya_ebpf::helpers::bpf_probe_read_user;
use aya_ebpf::programs::RawTracePointContext;
use oisp_ebpf_common::file::{
    ACCESS_TRUNCATED, FILE_RENAME, FILE_RENAME_FROM, FILE_RMDIR, FILE_UNLINK,
};
use oisp_ebpf_common::setting::{AT_FILE_PATH, AT_FS_PWD, AT_TASK_FS};

use crate::file;
use crate::syscall::{Syscall, open_file};
use crate::task::Kernel;

#[cfg(bpf_target_arch = "x86_64")]
mod number {
    pub const OPEN: u64 = 2;
    pub const CREAT: u64 = 85;
    pub const OPENAT: u64 = 257;
    pub const OPENAT2: u64 = 437;
    pub const CLOSE: u64 = 3;
    pub const DUP2: u64 = 33;
    pub const DUP3: u64 = 292;
    pub const WRITE: u64 = 1;
    pub const PWRITE: u64 = 18;
    pub const WRITEV: u64 = 20;
    pub const PWRITEV: u64 = 296;
    pub const PWRITEV2: u64 = 328;
    pub const SENDFILE: u64 = 40;
    pub const COPY_FILE_RANGE: u64 = 326;
    pub const UNLINK: u64 = 87;
    pub const UNLINKAT: u64 = 263;
    pub const RMDIR: u64 = 84;
    pub const RENAME: u64 = 82;
    pub const RENAMEAT: u64 = 264;
    pub const RENAMEAT2: u64 = 316;
}

#[cfg(bpf_target_arch = "aarch64")]
mod number {
    /// Calls that this architecture does not have.
    const NONE: u64 = u64::MAX;
    pub const OPEN: u64 = NONE;
    pub const CREAT: u64 = NONE - 1;
    pub const OPENAT: u64 = 56;
    pub const OPENAT2: u64 = 437;
    pub const CLOSE: u64 = 57;
    pub const DUP2: u64 = NONE - 5;
    pub const DUP3: u64 = 24;
    pub const WRITE: u64 = 64;
    pub const PWRITE: u64 = 68;
    pub const WRITEV: u64 = 66;
    pub const PWRITEV: u64 = 70;
    pub const PWRITEV2: u64 = 287;
    pub const SENDFILE: u64 = 71;
    pub const COPY_FILE_RANGE: u64 = 285;
    pub const UNLINK: u64 = NONE - 2;
    pub const UNLINKAT: u64 = 35;
    pub const RMDIR: u64 = NONE - 3;
    pub const RENAME: u64 = NONE - 4;
    pub const RENAMEAT: u64 = 38;
    pub const RENAMEAT2: u64 = 276;
}

/// The working directory of the process.
const AT_FDCWD: i32 = -100;
const AT_REMOVEDIR: u64 = 0x200;
const O_TRUNC: u64 = 0o1000;

/// `sys_enter(struct pt_regs *, long number)`: a file is told of before it is
/// closed.
#[inline(always)]
pub fn entered(ctx: &RawTracePointContext) -> Option<()> {
    // The descriptor that is closed, be it by putting another in its place.
    let argument = match arg(ctx, 1) {
        number::CLOSE => 0,
        number::DUP2 | number::DUP3 => 1,
        _ => return None,
    };
    file::watched()?;
    let call = Syscall::of(arg(ctx, 0))?;
    file::closed(open_file(call.argument(argument)? as i32)?.address())
}

/// `sys_exit(struct pt_regs *, long result)`: files opened and written.
#[inline(always)]
pub fn used(ctx: &RawTracePointContext) -> Option<()> {
    let (call, result) = succeeded(ctx)?;
    let fd = match call.number() {
        number::OPEN => return opened(result, call.argument(1)?),
        number::CREAT => return opened(result, O_TRUNC),
        number::OPENAT => return opened(result, call.argument(2)?),
        number::OPENAT2 => return opened(result, how(call)?),
        number::WRITE
        | number::PWRITE
        | number::WRITEV
        | number::PWRITEV
        | number::PWRITEV2
        | number::SENDFILE => call.argument(0)?,
        number::COPY_FILE_RANGE => call.argument(2)?,
        _ => return None,
    };
    file::wrote(open_file(fd as i32)?.address(), result)
}

/// The same: files removed.
#[inline(always)]
pub fn removed(ctx: &RawTracePointContext) -> Option<()> {
    let (call, _) = succeeded(ctx)?;
    let (kind, directory, name) = match call.number() {
        number::UNLINK => (FILE_UNLINK, AT_FDCWD, call.argument(0)?),
        number::RMDIR => (FILE_RMDIR, AT_FDCWD, call.argument(0)?),
        number::UNLINKAT => {
            let kind = if call.argument(2)? & AT_REMOVEDIR != 0 {
                FILE_RMDIR
            } else {
                FILE_UNLINK
            };
            (kind, call.argument(0)? as i32, call.argument(1)?)
        }
        _ => return None,
    };
    file::asked(file::watched()?, kind, directory_of(directory)?, name)
}

/// The same: files renamed, told in two records.
#[inline(always)]
pub fn renamed(ctx: &RawTracePointContext) -> Option<()> {
    let (call, _) = succeeded(ctx)?;
    let (directories, names) = match call.number() {
        number::RENAME => ([AT_FDCWD; 2], [call.argument(0)?, call.argument(1)?]),
        number::RENAMEAT | number::RENAMEAT2 => (
            [call.argument(0)? as i32, call.argument(2)? as i32],
            [call.argument(1)?, call.argument(3)?],
        ),
        _ => return None,
    };
    let thread = file::watched()?;
    let ([from_directory, to_directory], [from, to]) = (directories, names);
    file::asked(
        thread,
        FILE_RENAME_FROM,
        directory_of(from_directory)?,
        from,
    );
    file::asked(thread, FILE_RENAME, directory_of(to_directory)?, to)
}

/// The call of a watched process, and what it gave.
#[inline(always)]
fn succeeded(ctx: &RawTracePointContext) -> Option<(Syscall, i64)> {
    let result = arg(ctx, 1) as i64;
    if result < 0 {
        return None;
    }
    file::watched()?;
    Some((Syscall::of(arg(ctx, 0))?, result))
}

#[inline(always)]
fn arg(ctx: &RawTracePointContext, n: usize) -> u64 {
    // SAFETY: the tracepoints have two arguments.
    unsafe { *ctx.as_ptr().cast::<u64>().add(n) }
}

/// `struct open_how`: its first field are the flags.
#[inline(always)]
fn how(call: Syscall) -> Option<u64> {
    // SAFETY: the helper checks the address.
    unsafe { bpf_probe_read_user(call.argument(2)? as *const u64) }.ok()
}

#[inline(always)]
fn opened(fd: i64, flags: u64) -> Option<()> {
    let more = if flags & O_TRUNC != 0 {
        ACCESS_TRUNCATED
    } else {
        0
    };
    file::opened(open_file(fd as i32)?.address(), more)
}

/// The `struct path` that a name is relative to.
#[inline(always)]
fn directory_of(fd: i32) -> Option<Kernel> {
    if fd == AT_FDCWD {
        return Kernel::current()?.follow(AT_TASK_FS)?.inner(AT_FS_PWD);
    }
    open_file(fd)?.inner(AT_FILE_PATH)
}
