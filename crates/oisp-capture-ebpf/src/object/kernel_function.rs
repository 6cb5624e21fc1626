//! Programs at functions of the kernel (`fentry` and `fexit`): what is to be
//! known of sockets and files beyond what tracepoints tell.
//!
//! A kernel without BTF or trampolines has none of them; one whose function
//! has another name lacks that one. The capture goes on without, and says so.
//! Where a tracepoint of a later kernel does the same, that is taken instead:
//! here, or by what holds a part of the programs.

use std::collections::HashMap;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use oisp_ebpf_common::setting;

use super::parsed::Parsed;
use super::sys::{self, Kind};
use crate::btf::Function;

/// A program, and where it belongs.
pub(super) struct At {
    /// Its name in the object.
    pub(super) program: &'static str,
    /// The kernel's function: the first of these that it has.
    functions: &'static [&'static str],
    /// Only where the function has that many parameters: there is another
    /// program for it where it has not.
    parameters: Option<u32>,
    /// At its return.
    exit: bool,
    /// Not wanted on a kernel with this tracepoint.
    unless: Option<&'static str>,
    /// What it is for.
    part: Part,
}

/// What programs are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// What happens to sockets.
    Events,
    /// What happens to files.
    Files,
    /// Connections without TLS.
    Plain,
    /// Standard streams.
    Stdio,
}

/// All of them.
pub(super) const ALL: &[At] = &[
    entry("file_open", &["security_file_open"]).of(Part::Files),
    exit("file_write", &["vfs_write"]).of(Part::Files),
    exit("file_writev", &["vfs_writev"]).of(Part::Files),
    entry("file_flush", &["filp_flush"]).of(Part::Files),
    entry("file_close", &["filp_close"]).of(Part::Files),
    entry("file_unlink", &["security_path_unlink"]).of(Part::Files),
    entry("file_rmdir", &["security_path_rmdir"]).of(Part::Files),
    entry("file_rename", &["security_path_rename"]).of(Part::Files),
    exit("file_unlinked", &["vfs_unlink"]).of(Part::Files),
    exit("file_rmdired", &["vfs_rmdir"]).of(Part::Files),
    exit("file_renamed", &["vfs_rename"]).of(Part::Files),
    entry("socket_accept", &["security_sock_graft"]),
    exit("socket_connect4", &["tcp_v4_connect"]),
    exit("socket_connect6", &["tcp_v6_connect"]),
    entry("tcp_send", &["tcp_sendmsg"]).unless(SENT),
    entry("udp_send4", &["udp_sendmsg"]).unless(SENT),
    entry("udp_send6", &["udpv6_sendmsg"]).unless(SENT),
    exit("udp_receive4", &["udp_recvmsg"]).unless(RECEIVED),
    exit("udp_receive6", &["udpv6_recvmsg"]).unless(RECEIVED),
    exit("plain_sent", &["tcp_sendmsg"]).of(Part::Plain),
    exit("plain_received", RECEIVE).only(4).of(Part::Plain),
    exit("plain_received_5", RECEIVE).only(5).of(Part::Plain),
    exit("plain_received_6", RECEIVE).only(6).of(Part::Plain),
    entry("plain_closed", &["tcp_close"]).of(Part::Plain),
    exit("stdio_pipe", &["anon_pipe_write", "pipe_write"]).of(Part::Stdio),
    exit("stdio_socket", &["unix_stream_sendmsg"]).of(Part::Stdio),
    entry("stdio_starts", &["begin_new_exec"]).of(Part::Stdio),
];

const RECEIVE: &[&str] = &["tcp_recvmsg"];

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

    const fn only(mut self, parameters: u32) -> Self {
        self.parameters = Some(parameters);
        self
    }

    const fn of(mut self, part: Part) -> Self {
        self.part = part;
        self
    }
}

const fn entry(program: &'static str, functions: &'static [&'static str]) -> At {
    At {
        program,
        functions,
        parameters: None,
        exit: false,
        unless: None,
        part: Part::Events,
    }
}

const fn exit(program: &'static str, functions: &'static [&'static str]) -> At {
    At {
        program,
        functions,
        parameters: None,
        exit: true,
        unless: None,
        part: Part::Events,
    }
}

/// The programs in place. Dropping this takes them away.
#[derive(Debug, Default)]
pub(crate) struct KernelFunctions {
    held: Vec<OwnedFd>,
    /// Programs that are not in place, each with the reason.
    pub(crate) missing: Vec<(&'static str, String)>,
}

impl KernelFunctions {
    /// All that tells of files is in place. The two ways of writing several
    /// buffers, and of closing, are functions of different kernels.
    pub(super) fn tell_of_files(&self) -> bool {
        let optional = ["file_writev", "file_flush"];
        !self.held.is_empty()
            && self
                .missing
                .iter()
                .all(|(program, _)| optional.contains(program))
    }

    /// Loads the programs of a part and puts them in place, as far as this kernel
    /// has the functions.
    pub(super) fn attach(
        parsed: &Parsed,
        functions: &HashMap<&'static str, Function>,
        part: Part,
    ) -> Self {
        let mut attached = Self::default();
        let wanted = |at: &&At| {
            at.part == part && at.unless.is_none_or(|name| !functions.contains_key(name))
        };
        for at in ALL.iter().filter(wanted) {
            match attach(parsed, at, functions) {
                Ok(held) => attached.held.extend(held),
                Err(why) => attached.missing.push((at.program, why)),
            }
        }
        attached
    }

    /// Loads a program and puts it at a tracepoint.
    pub(super) fn attach_to_tracepoint(
        &mut self,
        parsed: &Parsed,
        program: &str,
        name: &CStr,
    ) -> io::Result<()> {
        let loaded = load(parsed, program, Kind::RawTracepoint)?;
        let link = sys::attach_to_tracepoint(loaded.as_fd(), name)?;
        self.held.extend([link, loaded]);
        Ok(())
    }
}

/// The names of the functions, and of the types of the tracepoints.
pub(super) fn names() -> Vec<&'static str> {
    let functions = ALL.iter().flat_map(|at| at.functions).copied();
    functions.chain([SENT, RECEIVED]).collect()
}

/// Loads a program.
pub(super) fn load(parsed: &Parsed, program: &str, kind: Kind) -> io::Result<OwnedFd> {
    let (instructions, license) = parsed.program(program)?;
    sys::load(program, kind, instructions, license)
}

fn attach(
    parsed: &Parsed,
    at: &At,
    functions: &HashMap<&'static str, Function>,
) -> Result<Vec<OwnedFd>, String> {
    let known = |name: &&'static str| Some((*name, functions.get(name)?));
    let Some((name, Function { id, parameters })) = at.functions.iter().find_map(known) else {
        let names = at.functions.join("`, `");
        return Err(format!("this kernel describes no function `{names}`"));
    };
    if at.parameters.is_some_and(|wanted| wanted != *parameters) {
        return Ok(Vec::new());
    }
    let kind = if at.exit {
        Kind::FunctionExit(*id)
    } else {
        Kind::FunctionEntry(*id)
    };
    let attach = || {
        let program = load(parsed, at.program, kind)?;
        let link = sys::attach_to_function(program.as_fd())?;
        Ok(vec![link, program])
    };
    attach().map_err(|error: io::Error| format!("`{name}`: {error}"))
}
