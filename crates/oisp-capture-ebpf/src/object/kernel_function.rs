//! Programs at functions of the kernel (`fentry` and `fexit`): what is to be
//! known of sockets and files beyond what tracepoints tell.
//!
//! A kernel without BTF or trampolines has none of them; one whose function
//! has another name lacks that one. The capture goes on without, and says so.
//! Where a tracepoint of a later kernel does the same, that is taken instead.

use std::collections::HashMap;
use std::os::fd::{AsFd as _, OwnedFd};

use oisp_ebpf_common::setting;

use super::parsed::Parsed;
use super::sys::{self, Kind};
use crate::btf::Function;

/// A program, and where it belongs.
pub(super) struct At {
    /// Its name in the object.
    pub(super) program: &'static str,
    /// The kernel's function.
    pub(super) function: &'static str,
    /// At its return.
    pub(super) exit: bool,
    /// Not wanted on a kernel with this tracepoint.
    pub(super) unless: Option<&'static str>,
}

/// All of them.
pub(super) const ALL: &[At] = &[
    entry("file_open", "security_file_open"),
    exit("file_write", "vfs_write"),
    exit("file_writev", "vfs_writev"),
    entry("file_flush", "filp_flush"),
    entry("file_close", "filp_close"),
    entry("file_unlink", "security_path_unlink"),
    entry("file_rmdir", "security_path_rmdir"),
    entry("file_rename", "security_path_rename"),
    exit("file_unlinked", "vfs_unlink"),
    exit("file_rmdired", "vfs_rmdir"),
    exit("file_renamed", "vfs_rename"),
    entry("socket_accept", "security_sock_graft"),
    exit("socket_connect4", "tcp_v4_connect"),
    exit("socket_connect6", "tcp_v6_connect"),
    entry("tcp_send", "tcp_sendmsg").unless(SENT),
    entry("udp_send4", "udp_sendmsg").unless(SENT),
    entry("udp_send6", "udpv6_sendmsg").unless(SENT),
    exit("udp_receive4", "udp_recvmsg").unless(RECEIVED),
    exit("udp_receive6", "udpv6_recvmsg").unless(RECEIVED),
];

/// Functions whose number of parameters differs between kernels, and the
/// settings that tell it.
pub(super) const PARAMETERS: [(u32, &str); 3] = [
    (setting::PARAMETERS_VFS_UNLINK, "vfs_unlink"),
    (setting::PARAMETERS_VFS_RMDIR, "vfs_rmdir"),
    (setting::PARAMETERS_VFS_RENAME, "vfs_rename"),
];

/// The types of the tracepoints of Linux 6.3 that tell of all that sockets carry.
pub(super) const SENT: &str = "btf_trace_sock_send_length";
pub(super) const RECEIVED: &str = "btf_trace_sock_recv_length";

impl At {
    const fn unless(mut self, tracepoint: &'static str) -> Self {
        self.unless = Some(tracepoint);
        self
    }
}

const fn entry(program: &'static str, function: &'static str) -> At {
    At {
        program,
        function,
        exit: false,
        unless: None,
    }
}

const fn exit(program: &'static str, function: &'static str) -> At {
    At {
        program,
        function,
        exit: true,
        unless: None,
    }
}

/// The programs in place. Dropping this takes them away.
#[derive(Debug, Default)]
pub(crate) struct KernelFunctions {
    _held: Vec<OwnedFd>,
    /// Programs that are not in place, each with the reason.
    pub(crate) missing: Vec<(&'static str, String)>,
}

impl KernelFunctions {
    /// All that tells of files is in place.
    pub(super) fn tell_of_files(&self) -> bool {
        // The two ways of writing, and of closing, are functions of different
        // kernels.
        let needed = [
            "file_open",
            "file_write",
            "file_close",
            "file_unlink",
            "file_renamed",
        ];
        !self
            .missing
            .iter()
            .any(|(program, _)| needed.contains(program))
    }

    /// Loads the programs and puts them in place, as far as this kernel has the
    /// functions.
    pub(super) fn attach(parsed: &Parsed, functions: &HashMap<&'static str, Function>) -> Self {
        let mut attached = Self::default();
        let wanted = |at: &&At| at.unless.is_none_or(|name| !functions.contains_key(name));
        for at in ALL.iter().filter(wanted) {
            match attach(parsed, at, functions) {
                Ok(held) => attached._held.extend(held),
                Err(why) => attached.missing.push((at.program, why)),
            }
        }
        attached
    }
}

/// The names of the functions, and of the types of the tracepoints.
pub(super) fn names() -> Vec<&'static str> {
    let functions = ALL.iter().map(|at| at.function);
    functions.chain([SENT, RECEIVED]).collect()
}

fn attach(
    parsed: &Parsed,
    at: &At,
    functions: &HashMap<&'static str, Function>,
) -> Result<[OwnedFd; 2], String> {
    let id = functions
        .get(at.function)
        .map(|function| function.id)
        .ok_or_else(|| format!("this kernel describes no function `{}`", at.function))?;
    let kind = if at.exit {
        Kind::FunctionExit(id)
    } else {
        Kind::FunctionEntry(id)
    };
    let attach = || {
        let (instructions, license) = parsed.program(at.program)?;
        let program = sys::load(at.program, kind, instructions, license)?;
        let link = sys::attach_to_function(program.as_fd())?;
        Ok([link, program])
    };
    attach().map_err(|error: std::io::Error| format!("`{}`: {error}", at.function))
}
