//! What tells of files, and for which processes.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use aya::maps::{HashMap, MapData};

use super::kernel_function::KernelFunctions;
use super::parsed::Parsed;
use super::sys::{self, Kind};
use crate::process::{self, stat};

/// Where programs at the kernel's functions cannot be: programs at all system
/// calls.
const INSTEAD: [(&str, &std::ffi::CStr); 4] = [
    ("file_call_used", c"sys_exit"),
    ("file_call_removed", c"sys_exit"),
    ("file_call_renamed", c"sys_exit"),
    ("file_call_enter", c"sys_enter"),
];

/// The processes whose files are told. Their children are added by the kernel.
pub(crate) struct FilePrograms {
    parsed: Arc<Parsed>,
    watched: HashMap<MapData, u32, u32>,
    /// Programs at the kernel's functions do it: all of them, or none, so that
    /// nothing is told twice.
    at_functions: Option<KernelFunctions>,
    at_calls: Option<Vec<OwnedFd>>,
    failed: bool,
}

/// How far up a tree is followed.
const ANCESTORS: usize = 64;

impl FilePrograms {
    pub(super) fn new(
        parsed: Arc<Parsed>,
        watched: HashMap<MapData, u32, u32>,
        at_functions: KernelFunctions,
    ) -> Self {
        Self {
            parsed,
            watched,
            at_functions: Some(at_functions).filter(KernelFunctions::tell_of_files),
            at_calls: None,
            failed: false,
        }
    }

    /// From now on, tell of the files of that process and its descendants. False
    /// where that was so already, or the kernel does not take the programs.
    pub(crate) fn watch(&mut self, pid: u32) -> bool {
        if self.failed || self.watched.get(&pid, 0).is_ok() {
            return false;
        }
        if self.at_functions.is_none() && self.at_calls.is_none() {
            match self.attach_to_calls() {
                Ok(held) => self.at_calls = Some(held),
                Err(error) => {
                    self.failed = true;
                    tracing::warn!(%error, "the kernel takes no programs that tell of files");
                    return false;
                }
            }
        }
        // First itself: a child that it makes meanwhile inherits.
        let _ = self.watched.insert(pid, 1, 0);
        for other in process::all() {
            if descends_from(other, pid) {
                let _ = self.watched.insert(other, 1, 0);
            }
        }
        true
    }

    fn attach_to_calls(&self) -> io::Result<Vec<OwnedFd>> {
        let mut held = Vec::new();
        for (name, tracepoint) in INSTEAD {
            let (instructions, license) = self.parsed.program(name)?;
            let program = sys::load(name, Kind::RawTracepoint, instructions, license)?;
            held.push(sys::attach_to_tracepoint(program.as_fd(), tracepoint)?);
            held.push(program);
        }
        Ok(held)
    }

    /// Takes away what costs something while nobody is watched.
    pub(crate) fn rest(&mut self) {
        if self.at_calls.is_some() && self.watched.keys().next().is_none() {
            self.at_calls = None;
        }
    }

    /// How files are told, in words.
    pub(crate) const fn method(&self) -> &'static str {
        match (self.at_functions.is_some(), self.failed) {
            (true, _) => "at the kernel's functions",
            (false, false) => "at the ends of system calls, while a process is watched",
            (false, true) => "not at all: the kernel refused",
        }
    }
}

fn descends_from(pid: u32, ancestor: u32) -> bool {
    let mut next = pid;
    for _ in 0..ANCESTORS {
        match stat::read(next) {
            Some(stat) if stat.ppid == ancestor => return true,
            Some(stat) if stat.ppid > 1 => next = stat.ppid,
            _ => return false,
        }
    }
    false
}
