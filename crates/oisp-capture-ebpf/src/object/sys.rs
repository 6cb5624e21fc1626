//! The two calls of bpf(2) that aya 0.14 has no interface for: loading a program
//! for, and making, a link that probes many places of a file at once
//! (`BPF_TRACE_UPROBE_MULTI`, Linux 6.6).
//!
//! One link per file instead of one perf event per function: attaching and above
//! all detaching wait for the kernel once instead of a dozen times, and a hit
//! takes the shorter way.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use aya_obj::generated::bpf_insn;

const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_LINK_CREATE: libc::c_int = 28;
const BPF_PROG_TYPE_KPROBE: u32 = 2;
const BPF_TRACE_UPROBE_MULTI: u32 = 48;
const BPF_F_UPROBE_MULTI_RETURN: u32 = 1;

/// The part of `union bpf_attr` for `BPF_PROG_LOAD`.
#[repr(C)]
#[derive(Default)]
struct ProgramLoad {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: [u8; 16],
    prog_ifindex: u32,
    expected_attach_type: u32,
}

/// The part for `BPF_LINK_CREATE` with `uprobe_multi`.
#[repr(C)]
#[derive(Default)]
struct LinkCreate {
    prog_fd: u32,
    target_fd: u32,
    attach_type: u32,
    link_flags: u32,
    path: u64,
    offsets: u64,
    ref_ctr_offsets: u64,
    cookies: u64,
    cnt: u32,
    flags: u32,
    pid: u32,
    zero: u32,
}

/// Which end of a function a link probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Where it begins.
    Entry,
    /// Where it returns.
    Return,
}

/// Loads a program for links at many places.
pub(super) fn load(name: &str, instructions: &[bpf_insn], license: &CStr) -> io::Result<OwnedFd> {
    let mut attr = ProgramLoad {
        prog_type: BPF_PROG_TYPE_KPROBE,
        insn_cnt: u32::try_from(instructions.len()).map_err(io::Error::other)?,
        insns: address(instructions.as_ptr()),
        license: address(license.as_ptr()),
        expected_attach_type: BPF_TRACE_UPROBE_MULTI,
        ..ProgramLoad::default()
    };
    for (to, from) in attr.prog_name.iter_mut().zip(name.bytes().take(15)) {
        *to = from;
    }
    bpf(BPF_PROG_LOAD, &attr)
}

/// Probes those offsets of a file, each with a number that the program gets. For
/// all processes that have it mapped, now or later.
pub(super) fn link(
    program: BorrowedFd<'_>,
    path: &CStr,
    offsets: &[u64],
    cookies: &[u64],
    end: End,
) -> io::Result<OwnedFd> {
    let count = offsets.len().min(cookies.len());
    let attr = LinkCreate {
        prog_fd: u32::try_from(program.as_raw_fd()).map_err(io::Error::other)?,
        attach_type: BPF_TRACE_UPROBE_MULTI,
        path: address(path.as_ptr()),
        offsets: address(offsets.as_ptr()),
        cookies: address(cookies.as_ptr()),
        cnt: u32::try_from(count).map_err(io::Error::other)?,
        flags: if end == End::Return {
            BPF_F_UPROBE_MULTI_RETURN
        } else {
            0
        },
        ..LinkCreate::default()
    };
    bpf(BPF_LINK_CREATE, &attr)
}

fn address<T>(pointer: *const T) -> u64 {
    u64::try_from(pointer.addr()).unwrap_or(0)
}

/// Makes a call that gives a file descriptor.
fn bpf<T>(command: libc::c_int, attr: &T) -> io::Result<OwnedFd> {
    // SAFETY: `attr` is laid out as the kernel defines it for the command, its
    // size is passed, and what its addresses point to is borrowed by the caller
    // for the length of the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_ref(attr),
            size_of::<T>(),
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    let fd = i32::try_from(fd).map_err(io::Error::other)?;
    // SAFETY: the call gave a new file descriptor, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layouts_are_the_kernel_s() {
        assert_eq!(std::mem::offset_of!(ProgramLoad, expected_attach_type), 68);
        assert_eq!(std::mem::offset_of!(LinkCreate, cookies), 40);
        assert_eq!(std::mem::offset_of!(LinkCreate, pid), 56);
    }
}
