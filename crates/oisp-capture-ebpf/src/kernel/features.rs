//! What of eBPF this kernel has, by trying each in the smallest way: versions do
//! not tell, since distributions leave things out and bring them back.
//!
//! Nothing is left behind by it, and no process is touched.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use aya_obj::generated::bpf_insn;
use serde::Serialize;

use crate::btf::{KernelTypes, VMLINUX};
use crate::object::sys::{self, Kind, Scope};

/// Something that a kernel has or lacks.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Feature {
    /// What it is called.
    pub name: &'static str,
    /// This kernel has it.
    pub there: bool,
    /// Nothing can be captured without it.
    pub required: bool,
    /// What it gives.
    pub gives: &'static str,
    /// What its absence costs.
    pub costs: &'static str,
}

type Try = fn() -> io::Result<OwnedFd>;

const ALL: [(&str, Try, bool, &str, &str); 6] = [
    (
        "bpf",
        plain,
        true,
        "programs are taken",
        "the kernel takes no eBPF program: nothing is captured",
    ),
    (
        "ring buffer",
        ring,
        true,
        "records come in order through one buffer",
        "no ring buffer (Linux 5.8): nothing is captured",
    ),
    (
        "cookies",
        cookies,
        false,
        "one program serves all functions",
        "no cookies for probes (Linux 5.15): a copy of the programs for each function, a slower start",
    ),
    (
        "uprobe_multi",
        multi,
        false,
        "all functions of a file are probed at once",
        "no links to many probes (Linux 6.6): one for each function, slower to start and to stop",
    ),
    (
        "fentry",
        function,
        false,
        "functions of the kernel can be followed",
        "programs cannot sit at functions of the kernel: what is told of files, sockets and the network is less",
    ),
    (
        "sleepable uprobes",
        sleepable,
        false,
        "bytes that are not in memory are waited for",
        "probes cannot wait (Linux 6.6): bytes of a buffer that is not in memory are told as a gap",
    ),
];

/// Tries all of them. Means nothing for a user who may not load programs.
pub(super) fn all() -> Vec<Feature> {
    super::lift_memory_limit();
    let feature = |(name, found, required, gives, costs): (_, Try, _, _, _)| {
        let found = found();
        if let Err(error) = &found {
            tracing::debug!(feature = name, %error, "this kernel lacks a feature");
        }
        Feature {
            name,
            there: found.is_ok(),
            required,
            gives,
            costs,
        }
    };
    ALL.into_iter().map(feature).collect()
}

/// `r0 = 0; exit`, behind the call of a helper where one is named.
fn load(kind: Kind, helper: Option<i32>) -> io::Result<OwnedFd> {
    let instruction = |code, imm| {
        // SAFETY: all zeros is a valid value of the structure.
        let mut instruction: bpf_insn = unsafe { std::mem::zeroed() };
        instruction.code = code;
        instruction.imm = imm;
        instruction
    };
    let call = helper.map(|helper| instruction(0x85, helper));
    let rest = [instruction(0xb7, 0), instruction(0x95, 0)];
    let all: Vec<bpf_insn> = call.into_iter().chain(rest).collect();
    sys::load("oisp_feature", kind, &all, c"GPL")
}

fn plain() -> io::Result<OwnedFd> {
    load(Kind::Probe, None)
}

fn ring() -> io::Result<OwnedFd> {
    sys::ring(4096)
}

/// `bpf_get_attach_cookie`
fn cookies() -> io::Result<OwnedFd> {
    load(Kind::Probe, Some(174))
}

/// A kernel that knows such links finds that a directory is no file; another one
/// does not get that far.
fn multi() -> io::Result<OwnedFd> {
    let program = load(Kind::MultiProbe { sleepable: false }, None)?;
    match sys::link(
        program.as_fd(),
        c"/",
        &[0],
        &[0],
        false,
        Scope::AllProcesses,
    ) {
        Err(error) if error.raw_os_error() == Some(libc::EBADF) => Ok(program),
        Err(error) => Err(error),
        Ok(_) => Err(io::Error::from(io::ErrorKind::InvalidData)),
    }
}

/// At a function that is there to be tried, and that nobody calls.
fn function() -> io::Result<OwnedFd> {
    const NAME: &str = "bpf_fentry_test1";
    let functions = KernelTypes::read(Path::new(VMLINUX), &[NAME]).functions;
    let function = functions.get(NAME).ok_or(io::ErrorKind::NotFound)?;
    let program = load(Kind::FunctionEntry(function.id), None)?;
    sys::attach_to_function(program.as_fd())
}

fn sleepable() -> io::Result<OwnedFd> {
    multi()?;
    load(Kind::MultiProbe { sleepable: true }, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_has_the_later_has_the_earlier() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let all = all();
        let has = |name| {
            all.iter()
                .any(|feature| feature.name == name && feature.there)
        };
        assert!(!has("uprobe_multi") || has("cookies"), "{all:?}");
        assert!(!has("sleepable uprobes") || has("uprobe_multi"), "{all:?}");
        assert!(!has("cookies") || has("bpf"), "{all:?}");
    }
}
