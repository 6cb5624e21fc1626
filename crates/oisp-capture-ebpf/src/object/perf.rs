//! The calls of perf_event_open(2): single probes, and what the kernel tells of
//! mappings.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};

use aya_obj::generated::perf_event_attr;

use super::sys::{self, Scope};

const PERF_FLAG_FD_CLOEXEC: libc::c_ulong = 8;
const PERF_EVENT_IOC_ENABLE: libc::c_ulong = 0x2400;
const PERF_EVENT_IOC_SET_BPF: libc::c_ulong = 0x4004_2408;

/// A single probe, without a program yet.
pub(crate) fn probe(
    kind: ProbeKind,
    path: &CStr,
    offset: u64,
    is_return: bool,
    scope: Scope,
) -> io::Result<OwnedFd> {
    // SAFETY: all zeros is a valid value of the structure.
    let mut attr: perf_event_attr = unsafe { std::mem::zeroed() };
    attr.type_ = kind.number;
    attr.config = if is_return { kind.return_bit } else { 0 };
    attr.__bindgen_anon_3.uprobe_path = sys::address(path.as_ptr());
    attr.__bindgen_anon_4.probe_offset = offset;
    let (pid, cpu) = match scope {
        Scope::AllProcesses => (-1, 0),
        Scope::Process(pid) => (libc::pid_t::try_from(pid).map_err(io::Error::other)?, -1),
    };
    event(&mut attr, pid, cpu)
}

/// Opens an event. What the structure points to is borrowed by the caller.
fn event(attr: &mut perf_event_attr, pid: libc::pid_t, cpu: libc::c_int) -> io::Result<OwnedFd> {
    attr.size = u32::try_from(size_of::<perf_event_attr>()).map_err(io::Error::other)?;
    // SAFETY: the structure has the size that it tells.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            std::ptr::from_ref(attr),
            pid,
            cpu,
            -1,
            PERF_FLAG_FD_CLOEXEC,
        )
    };
    sys::owned(fd)
}

/// `PERF_TYPE_SOFTWARE` and `PERF_COUNT_SW_DUMMY`: an event that never happens,
/// with which the kernel tells of other things.
const SOFTWARE: u32 = 1;
const DUMMY: u64 = 9;

/// Records of what is mapped to be run, by whatever process on that processor.
pub(crate) fn mappings_of(processor: u32) -> io::Result<OwnedFd> {
    // SAFETY: all zeros is a valid value of the structure.
    let mut attr: perf_event_attr = unsafe { std::mem::zeroed() };
    attr.type_ = SOFTWARE;
    attr.config = DUMMY;
    attr.set_mmap(1);
    attr.set_mmap2(1);
    attr.set_exclude_kernel(1);
    // Whoever waits is woken by each record.
    attr.set_watermark(1);
    attr.__bindgen_anon_2.wakeup_watermark = 1;
    let processor = libc::c_int::try_from(processor).map_err(io::Error::other)?;
    event(&mut attr, -1, processor)
}

/// What this kernel calls a probe in user space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbeKind {
    number: u32,
    return_bit: u64,
}

impl ProbeKind {
    /// As sysfs tells.
    pub(crate) fn read() -> io::Result<Self> {
        const DEVICE: &str = "/sys/bus/event_source/devices/uprobe";
        let number = std::fs::read_to_string(format!("{DEVICE}/type"))?;
        let bit = std::fs::read_to_string(format!("{DEVICE}/format/retprobe"))?;
        let number = number.trim().parse().map_err(io::Error::other)?;
        let bit: u32 = bit
            .trim()
            .trim_start_matches("config:")
            .parse()
            .map_err(io::Error::other)?;
        Ok(Self {
            number,
            return_bit: 1_u64.checked_shl(bit).unwrap_or(0),
        })
    }
}

/// Lets a program run at a single probe, on kernels without links to probes.
pub(crate) fn set_program(probe: BorrowedFd<'_>, program: BorrowedFd<'_>) -> io::Result<()> {
    for (request, argument) in [
        (PERF_EVENT_IOC_SET_BPF, program.as_raw_fd()),
        (PERF_EVENT_IOC_ENABLE, 0),
    ] {
        // SAFETY: both requests take a number, and change only the probe.
        let done = unsafe { libc::ioctl(probe.as_raw_fd(), request as _, argument) };
        if done < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
