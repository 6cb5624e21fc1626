//! Whether the kernel may divert the returns of probed functions, tried on a
//! process of our own.
//!
//! From 6.11 on x86-64 a diverted return goes through a system call of its own,
//! `uretprobe`. Until seccomp learned to let it pass, a program under a filter
//! that does not know the call was killed when it was probed. Versions do not
//! tell: the change went into stable kernels, and distributions pick theirs. So a
//! child is put under such a filter, and a function of its own probed.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::sync::OnceLock;

use crate::object::perf::{self, ProbeKind};
use crate::object::sys::Scope;

/// What is known of diverted returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    /// It could not be tried, and they are no system call here.
    Plain,
    /// A child under a strict filter lived.
    Passed,
    /// A strict filter killed the child.
    Killed,
    /// They are one, and it could not be tried.
    Untried,
}

impl Returns {
    /// As found here, tried once.
    pub(crate) fn found() -> Self {
        static FOUND: OnceLock<Returns> = OnceLock::new();
        *FOUND.get_or_init(find)
    }

    /// No program dies of it.
    pub(crate) const fn are_safe(self) -> bool {
        matches!(self, Self::Plain | Self::Passed)
    }

    /// For people.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "no system call: safe under seccomp",
            Self::Passed => "tried under a strict seccomp filter: safe",
            Self::Killed => {
                "system call that a strict seccomp filter kills for: return instructions are probed instead"
            }
            Self::Untried => {
                "system call, and whether seccomp lets it pass could not be tried: return instructions are probed instead"
            }
        }
    }
}

fn find() -> Returns {
    match try_it() {
        Ok(true) => Returns::Passed,
        Ok(false) => Returns::Killed,
        // Looked for only now: it takes longer than to try.
        Err(_) if !has_system_call() => Returns::Plain,
        Err(error) => {
            tracing::debug!(%error, "diverted returns could not be tried under seccomp");
            Returns::Untried
        }
    }
}

/// Line by line: the list of the kernel's symbols is some 10 MB.
fn has_system_call() -> bool {
    let Ok(symbols) = File::open("/proc/kallsyms") else {
        return false;
    };
    let mut symbols = BufReader::with_capacity(64 << 10, symbols);
    let mut line = Vec::with_capacity(256);
    loop {
        line.clear();
        match symbols.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return false,
            Ok(_) if line.trim_ascii_end().ends_with(b"_sys_uretprobe") => return true,
            Ok(_) => {}
        }
    }
}

/// What is probed in the child.
#[inline(never)]
extern "C" fn touched() -> u32 {
    std::hint::black_box(7)
}

/// The child could not be put under a filter.
const NO_FILTER: libc::c_int = 2;
/// The parent gave up.
const NOT_STARTED: libc::c_int = 3;

/// True where a child lived.
fn try_it() -> io::Result<bool> {
    let kind = ProbeKind::read()?;
    let offset = offset_of(touched as *const () as usize)?;
    let (start, mut started) = io::pipe()?;
    // SAFETY: the child calls nothing that allocates, locks or unwinds.
    let child = unsafe { libc::fork() };
    match child {
        -1 => return Err(io::Error::last_os_error()),
        0 => in_child(start.as_raw_fd(), started.as_raw_fd()),
        _ => {}
    }
    drop(start);
    let probe = u32::try_from(child)
        .map_err(io::Error::other)
        .and_then(|pid| perf::probe(kind, c"/proc/self/exe", offset, true, Scope::Process(pid)));
    let told = probe.and_then(|probe| started.write_all(&[1]).map(|()| probe));
    drop(started);
    let status = wait(child)?;
    let mut hits = [0; 8];
    File::from(told?).read_exact(&mut hits)?;
    let hit = u64::from_ne_bytes(hits) > 0;
    if libc::WIFSIGNALED(status) {
        return Ok(false);
    }
    match libc::WEXITSTATUS(status) {
        0 if hit => Ok(true),
        0 => Err(io::Error::other("the probe was not hit")),
        code => Err(io::Error::other(format!("the child ended with {code}"))),
    }
}

/// Waits to be told that the probe is there, allows itself nothing but its end,
/// and calls the probed function.
fn in_child(start: RawFd, started: RawFd) -> ! {
    let (mut byte, exit) = (0_u8, libc::SYS_exit_group);
    // SAFETY: plain system calls on values of this frame. The memory is a copy of
    // the parent's, and nothing of it is dropped.
    unsafe {
        // Otherwise it would not notice its parent's end.
        libc::close(started);
        if libc::read(start, (&raw mut byte).cast(), 1) != 1 {
            libc::syscall(exit, NOT_STARTED);
        }
        // Its death is no crash that somebody should look at.
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
        if !enter_filter() {
            libc::syscall(exit, NO_FILTER);
        }
        std::hint::black_box(touched as extern "C" fn() -> u32)();
        libc::syscall(exit, 0);
    }
    loop {
        std::hint::spin_loop();
    }
}

/// Any system call but the end kills.
fn enter_filter() -> bool {
    let Ok(end) = u32::try_from(libc::SYS_exit_group) else {
        return false;
    };
    let step = |code, jt, k| libc::sock_filter { code, jt, jf: 0, k };
    let filter = [
        // The number of the call; to "allow" where it is the end.
        step(0x20, 0, 0),
        step(0x15, 1, end),
        step(0x06, 0, libc::SECCOMP_RET_KILL_PROCESS),
        step(0x06, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: 4,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the program and its four steps outlive the call.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const program,
            ) == 0
    }
}

fn wait(child: libc::pid_t) -> io::Result<libc::c_int> {
    let mut status = 0;
    loop {
        // SAFETY: the status is a value of this frame, the child our own.
        if unsafe { libc::waitpid(child, &raw mut status, 0) } == child {
            return Ok(status);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Where an address of this program is in its file.
fn offset_of(address: usize) -> io::Result<u64> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let address = u64::try_from(address).map_err(io::Error::other)?;
    let within = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let offset = hex(fields.nth(1)?)?;
        let (start, end) = (hex(start)?, hex(end)?);
        (start..end)
            .contains(&address)
            .then(|| address - start + offset)
    };
    maps.lines()
        .find_map(within)
        .ok_or_else(|| io::Error::other("this program is not mapped"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_kernel_s_returns_are_tried_in_time() {
        let began = std::time::Instant::now();
        let found = find();
        eprintln!("{found:?} in {:?}", began.elapsed());
        if !rustix::process::geteuid().is_root() {
            return;
        }
        assert!(
            matches!(found, Returns::Passed | Returns::Killed),
            "{found:?}"
        );
    }

    #[test]
    fn the_function_is_where_the_file_has_it() {
        let address = touched as *const () as usize;
        let offset = offset_of(address).unwrap();
        let mut in_file = [0; 8];
        let mut file = File::open("/proc/self/exe").unwrap();
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(offset)).unwrap();
        file.read_exact(&mut in_file).unwrap();
        // SAFETY: a function is at least as long as that, or others follow it.
        let in_memory = unsafe { *(address as *const [u8; 8]) };
        assert_eq!(in_file, in_memory);
    }
}
