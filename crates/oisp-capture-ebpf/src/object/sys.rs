//! The calls of bpf(2) that put programs in place, made here rather than by aya:
//! links to many probes at once (`BPF_TRACE_UPROBE_MULTI`, Linux 6.6), probes with
//! a cookie (5.15), for all processes or for one, and programs at the entry of
//! kernel functions (`fentry`).

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use aya_obj::generated::bpf_insn;

const BPF_MAP_CREATE: libc::c_int = 0;
const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_RAW_TRACEPOINT_OPEN: libc::c_int = 17;
const BPF_LINK_CREATE: libc::c_int = 28;
const BPF_MAP_TYPE_RINGBUF: u32 = 27;
const BPF_PROG_TYPE_KPROBE: u32 = 2;
const BPF_PROG_TYPE_RAW_TRACEPOINT: u32 = 17;
const BPF_PROG_TYPE_TRACING: u32 = 26;
const BPF_TRACE_FENTRY: u32 = 24;
const BPF_TRACE_FEXIT: u32 = 25;
const BPF_PERF_EVENT: u32 = 41;
const BPF_TRACE_UPROBE_MULTI: u32 = 48;
const BPF_F_UPROBE_MULTI_RETURN: u32 = 1;
const BPF_F_SLEEPABLE: u32 = 1 << 4;

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
    prog_btf_fd: u32,
    func_info_rec_size: u32,
    func_info: u64,
    func_info_cnt: u32,
    line_info_rec_size: u32,
    line_info: u64,
    line_info_cnt: u32,
    attach_btf_id: u32,
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

/// The part for `BPF_LINK_CREATE` with `perf_event`.
#[repr(C)]
#[derive(Default)]
struct PerfLinkCreate {
    prog_fd: u32,
    target_fd: u32,
    attach_type: u32,
    link_flags: u32,
    bpf_cookie: u64,
}

/// The part for `BPF_RAW_TRACEPOINT_OPEN`.
#[repr(C)]
#[derive(Default)]
struct RawTracepointOpen {
    name: u64,
    prog_fd: u32,
    zero: u32,
}

/// What a program is loaded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Single probes.
    Probe,
    /// Links to many probes, by programs that may wait for memory or not.
    MultiProbe {
        /// They may.
        sleepable: bool,
    },
    /// A raw tracepoint.
    RawTracepoint,
    /// The entry of the kernel function with this BTF id.
    FunctionEntry(u32),
    /// Its return.
    FunctionExit(u32),
}

impl Kind {
    const fn numbers(self) -> (u32, u32, u32) {
        match self {
            Self::Probe => (BPF_PROG_TYPE_KPROBE, 0, 0),
            Self::MultiProbe { .. } => (BPF_PROG_TYPE_KPROBE, BPF_TRACE_UPROBE_MULTI, 0),
            Self::RawTracepoint => (BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0),
            Self::FunctionEntry(id) => (BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, id),
            Self::FunctionExit(id) => (BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, id),
        }
    }
}

/// Bytes of the verifier's log that are kept of a refused program.
const LOG: usize = 1 << 20;

/// Loads a program.
pub(crate) fn load(
    name: &str,
    kind: Kind,
    instructions: &[bpf_insn],
    license: &CStr,
) -> io::Result<OwnedFd> {
    let (prog_type, expected_attach_type, attach_btf_id) = kind.numbers();
    let mut attr = ProgramLoad {
        prog_type,
        insn_cnt: u32::try_from(instructions.len()).map_err(io::Error::other)?,
        insns: address(instructions.as_ptr()),
        license: address(license.as_ptr()),
        expected_attach_type,
        attach_btf_id,
        prog_flags: if kind == (Kind::MultiProbe { sleepable: true }) {
            BPF_F_SLEEPABLE
        } else {
            0
        },
        ..ProgramLoad::default()
    };
    for (to, from) in attr.prog_name.iter_mut().zip(name.bytes().take(15)) {
        *to = from;
    }
    let refused = match bpf(BPF_PROG_LOAD, &attr) {
        Ok(program) => return Ok(program),
        Err(error) => error,
    };
    if tracing::enabled!(tracing::Level::DEBUG) {
        let mut log = vec![0_u8; LOG];
        attr.log_level = 1;
        attr.log_size = u32::try_from(LOG).unwrap_or(0);
        attr.log_buf = address(log.as_mut_ptr());
        let _ = bpf(BPF_PROG_LOAD, &attr);
        let end = log.iter().position(|byte| *byte == 0).unwrap_or(LOG);
        let log = String::from_utf8_lossy(log.get(..end).unwrap_or_default()).into_owned();
        tracing::debug!(program = name, error = %refused, log, "the kernel refused a program");
    }
    Err(refused)
}

/// The kernel has links to many probes whose programs may wait for memory.
pub(crate) fn may_sleep() -> bool {
    let kind = Kind::MultiProbe { sleepable: true };
    load("may_sleep", kind, &nothing(), c"GPL").is_ok()
}

/// A program that does nothing: `r0 = 0; exit`.
pub(crate) fn nothing() -> [bpf_insn; 2] {
    [0xb7, 0x95].map(|code| {
        // SAFETY: all zeros is a valid value of the structure.
        let mut instruction: bpf_insn = unsafe { std::mem::zeroed() };
        instruction.code = code;
        instruction
    })
}

/// A ring buffer of that many bytes.
pub(crate) fn ring(bytes: u32) -> io::Result<OwnedFd> {
    // Type, size of a key, size of a value, size.
    bpf(BPF_MAP_CREATE, &[BPF_MAP_TYPE_RINGBUF, 0, 0, bytes])
}

/// Which processes a probe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// All that have the file mapped, now or later.
    AllProcesses,
    /// One.
    Process(u32),
}

/// Probes those offsets of a file, each with a number that the program gets.
pub(crate) fn link(
    program: BorrowedFd<'_>,
    path: &CStr,
    offsets: &[u64],
    cookies: &[u64],
    is_return: bool,
    scope: Scope,
) -> io::Result<OwnedFd> {
    let count = offsets.len().min(cookies.len());
    let attr = LinkCreate {
        prog_fd: number(program)?,
        attach_type: BPF_TRACE_UPROBE_MULTI,
        path: address(path.as_ptr()),
        offsets: address(offsets.as_ptr()),
        cookies: address(cookies.as_ptr()),
        cnt: u32::try_from(count).map_err(io::Error::other)?,
        flags: if is_return {
            BPF_F_UPROBE_MULTI_RETURN
        } else {
            0
        },
        pid: match scope {
            Scope::AllProcesses => 0,
            Scope::Process(pid) => pid,
        },
        ..LinkCreate::default()
    };
    bpf(BPF_LINK_CREATE, &attr)
}

/// Lets a program run at a single probe, with a number that it gets.
pub(crate) fn link_probe(
    program: BorrowedFd<'_>,
    probe: BorrowedFd<'_>,
    cookie: u64,
) -> io::Result<OwnedFd> {
    let attr = PerfLinkCreate {
        prog_fd: number(program)?,
        target_fd: number(probe)?,
        attach_type: BPF_PERF_EVENT,
        bpf_cookie: cookie,
        ..PerfLinkCreate::default()
    };
    bpf(BPF_LINK_CREATE, &attr)
}

/// Puts a program at the kernel function that it was loaded for.
pub(crate) fn attach_to_function(program: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let attr = RawTracepointOpen {
        prog_fd: number(program)?,
        ..RawTracepointOpen::default()
    };
    bpf(BPF_RAW_TRACEPOINT_OPEN, &attr)
}

/// Puts a program at a raw tracepoint.
pub(super) fn attach_to_tracepoint(program: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let attr = RawTracepointOpen {
        name: address(name.as_ptr()),
        prog_fd: number(program)?,
        ..RawTracepointOpen::default()
    };
    bpf(BPF_RAW_TRACEPOINT_OPEN, &attr)
}

fn number(fd: BorrowedFd<'_>) -> io::Result<u32> {
    u32::try_from(fd.as_raw_fd()).map_err(io::Error::other)
}

pub(super) fn address<T>(pointer: *const T) -> u64 {
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
    owned(fd)
}

pub(super) fn owned(fd: libc::c_long) -> io::Result<OwnedFd> {
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
        assert_eq!(std::mem::offset_of!(ProgramLoad, attach_btf_id), 108);
        assert_eq!(std::mem::offset_of!(LinkCreate, cookies), 40);
        assert_eq!(std::mem::offset_of!(LinkCreate, pid), 56);
        assert_eq!(std::mem::offset_of!(PerfLinkCreate, bpf_cookie), 16);
        assert_eq!(std::mem::offset_of!(RawTracepointOpen, prog_fd), 8);
    }
}
