//! The eBPF object: loading it, its maps, and putting its programs in place.

mod bare;
mod file_programs;
mod kernel_function;
mod maps;
mod parsed;
pub(crate) mod perf;
mod stream_programs;
pub(crate) mod sys;
mod uprobe;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use aya::programs::{Program, RawTracePoint};
use aya::{Ebpf, EbpfLoader, include_bytes_aligned};
use oisp_ebpf_common::setting;

use crate::btf::{self, KernelTypes};
use crate::config::ProbeMethod;
use crate::error::EbpfError;
use crate::kernel;
use crate::plain::ports::KernelPorts;
use crate::plain::stdio::Stdio;
use crate::ring::Ring;
use crate::tls::Place;

pub use bare::BareProbes;
pub(crate) use file_programs::FilePrograms;
use kernel_function::{KernelFunctions, Part};
pub(crate) use maps::{
    Conns, Counters, FilterMaps, Filtering, Judged, Key, OpenFile, OpenFiles, Rule, Wanted,
};
use maps::{again, map};
use parsed::Parsed;
pub(crate) use stream_programs::StdioPrograms;
pub(crate) use sys::Scope;
pub(crate) use uprobe::Link;
use uprobe::Uprobes;

#[cfg(target_arch = "x86_64")]
static OBJECT: &[u8] = include_bytes_aligned!("../../../../ebpf/prebuilt/oisp-ebpf.x86_64.o");
#[cfg(target_arch = "aarch64")]
static OBJECT: &[u8] = include_bytes_aligned!("../../../../ebpf/prebuilt/oisp-ebpf.aarch64.o");

const TRACEPOINTS: [(&str, &str); 4] = [
    ("process_exec", "sched_process_exec"),
    ("process_fork", "sched_process_fork"),
    ("process_exit", "sched_process_exit"),
    ("socket_state", "inet_sock_set_state"),
];

/// Those that not every kernel has, with the types that show it.
const OPTIONAL: [(&str, &str, &str); 2] = [
    ("socket_send", "sock_send_length", kernel_function::SENT),
    (
        "socket_receive",
        "sock_recv_length",
        kernel_function::RECEIVED,
    ),
];

/// What loading gives.
pub(crate) struct Loaded {
    pub(crate) programs: Programs,
    pub(crate) ring: Ring,
    pub(crate) conns: Conns,
    /// The same table, to count what is in it.
    pub(crate) conns_to_count: Conns,
    pub(crate) counters: Counters,
    pub(crate) filter: FilterMaps,
    /// Connections that are known to carry AI calls.
    pub(crate) wanted: Wanted,
    /// What tells of files, where they are asked for.
    pub(crate) files: Option<FilePrograms>,
    /// Open files that were written to.
    pub(crate) open_files: OpenFiles,
    /// Ports at which plain HTTP is looked for.
    pub(crate) plain_ports: KernelPorts,
    /// What takes standard streams.
    pub(crate) stdio: StdioPrograms,
    /// Programs that are not in place, each with the reason.
    pub(crate) missing: Vec<(&'static str, String)>,
}

/// What is to be loaded.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// Size of the ring.
    pub(crate) ring_bytes: u32,
    /// How user space is probed; by default in the best way that the kernel has.
    pub(crate) probe_method: Option<ProbeMethod>,
    /// Files are told of.
    pub(crate) files: bool,
    /// Whose standard streams are taken.
    pub(crate) stdio: Stdio,
}

/// Loads the object. Nothing is attached yet, save the programs at functions of
/// the kernel.
pub(crate) fn load(asked: Asked) -> Result<Loaded, EbpfError> {
    kernel::require_privileges()?;
    kernel::lift_memory_limit();
    let types = KernelTypes::read(Path::new(btf::VMLINUX), &kernel_function::names());
    let method = asked.probe_method;
    let multi = method.is_none_or(|method| method == ProbeMethod::Multi);
    if multi && sys::may_sleep() {
        match load_with(asked, &types, true) {
            Ok(loaded) => return Ok(loaded),
            Err(error) => tracing::debug!(%error, "not with programs that may sleep"),
        }
    }
    load_with(asked, &types, false)
}

fn load_with(asked: Asked, types: &KernelTypes, may_sleep: bool) -> Result<Loaded, EbpfError> {
    let settings = settings(asked, types, may_sleep);
    let mut ebpf = EbpfLoader::new()
        // The object has no relocations against the kernel's types.
        .btf(None)
        .map_max_entries("RING", asked.ring_bytes)
        .override_global("SETTING", settings.as_slice(), true)
        .load(OBJECT)?;
    let tracepoints = tracepoints(types);
    let parsed = Parsed::new(&ebpf, OBJECT).map_err(EbpfError::Uprobes)?;
    let parsed = Arc::new(parsed);
    // The kernel verifies on the processor of whoever loads.
    let (others, uprobes) = thread::scope(|scope| {
        let uprobes = scope.spawn(|| {
            Uprobes::load(Arc::clone(&parsed), asked.probe_method, may_sleep)
                .map_err(EbpfError::Uprobes)
        });
        let others = Others::load(asked, types, &parsed);
        let others = load_tracepoints(&mut ebpf, &tracepoints).map(|()| others);
        (others, uprobes.join())
    });
    let uprobes = uprobes.map_err(|_| EbpfError::LoadingEnded)??;
    let Others {
        events,
        plain,
        files,
        missing,
    } = others?;
    let files = match files {
        Some(at_files) => Some(FilePrograms::new(
            Arc::clone(&parsed),
            map(&mut ebpf, "WATCHED")?,
            at_files,
        )),
        None => None,
    };
    let stdio = StdioPrograms::new(parsed, &types.functions, map(&mut ebpf, "AGENTS")?);
    Ok(Loaded {
        ring: maps::ring(&mut ebpf, asked.ring_bytes)?,
        conns_to_count: again(&ebpf, "CONNS")?,
        conns: map(&mut ebpf, "CONNS")?,
        counters: map(&mut ebpf, "COUNTER")?,
        wanted: map(&mut ebpf, "WANTED")?,
        files,
        open_files: map(&mut ebpf, "OPEN_FILES")?,
        filter: FilterMaps {
            state: map(&mut ebpf, "FILTER")?,
            rules: map(&mut ebpf, "RULES")?,
            verdicts: map(&mut ebpf, "VERDICTS")?,
        },
        plain_ports: map(&mut ebpf, "PLAIN_PORTS")?,
        stdio,
        missing,
        programs: Programs {
            ebpf,
            uprobes,
            tracepoints,
            _kernel_functions: [events, plain],
        },
    })
}

/// What is not at tracepoints that every kernel has, and not in user space.
struct Others {
    events: KernelFunctions,
    plain: KernelFunctions,
    /// None where files are not told of.
    files: Option<KernelFunctions>,
    missing: Vec<(&'static str, String)>,
}

impl Others {
    fn load(asked: Asked, types: &KernelTypes, parsed: &Parsed) -> Self {
        let events = KernelFunctions::attach(parsed, &types.functions, Part::Events);
        let plain = stream_programs::plain(parsed, &types.functions);
        let files = asked
            .files
            .then(|| KernelFunctions::attach(parsed, &types.functions, Part::Files));
        let parts = [Some(&events), Some(&plain), files.as_ref()];
        let missing: Vec<_> = parts
            .into_iter()
            .flatten()
            .flat_map(|part| part.missing.iter().cloned())
            .collect();
        for (program, why) in &missing {
            tracing::info!(program, why, "a program is not in place");
        }
        Self {
            events,
            plain,
            files,
            missing,
        }
    }
}

fn settings(asked: Asked, types: &KernelTypes, may_sleep: bool) -> [u32; setting::SETTINGS] {
    let mut settings = [setting::UNKNOWN; setting::SETTINGS];
    let mut set = |number: u32, value| {
        if let Some(slot) = usize::try_from(number)
            .ok()
            .and_then(|number| settings.get_mut(number))
        {
            *slot = value;
        }
    };
    set(setting::SELF_TGID, std::process::id());
    set(setting::MAY_SLEEP, u32::from(may_sleep));
    set(setting::WAKE_AT, (asked.ring_bytes / 8).min(1 << 20));
    set(setting::STDIO, asked.stdio.number());
    for (number, offset) in &types.offsets {
        set(*number, *offset);
    }
    for (number, name) in kernel_function::PARAMETERS {
        if let Some(function) = types.functions.get(name) {
            set(number, function.parameters);
        }
    }
    settings
}

/// Programs and tracepoints of this kernel.
fn tracepoints(types: &KernelTypes) -> Vec<(&'static str, &'static str)> {
    let there = OPTIONAL
        .into_iter()
        .filter(|(_, _, known_by)| types.functions.contains_key(known_by));
    TRACEPOINTS
        .into_iter()
        .chain(there.map(|(program, tracepoint, _)| (program, tracepoint)))
        .collect()
}

fn load_tracepoints(ebpf: &mut Ebpf, wanted: &[(&str, &str)]) -> Result<(), EbpfError> {
    let wanted = |name: &str| wanted.iter().any(|(program, _)| *program == name);
    for (name, program) in ebpf.programs_mut().filter(|(name, _)| wanted(name)) {
        let Program::RawTracePoint(program) = program else {
            continue;
        };
        program.load().map_err(|source| {
            tracing::debug!(program = name, error = ?source, "the kernel refused a program");
            EbpfError::Program {
                program: String::from(name),
                source: Box::new(source),
            }
        })?;
    }
    Ok(())
}

/// The loaded programs. Dropping this detaches and unloads them.
pub(crate) struct Programs {
    ebpf: Ebpf,
    uprobes: Uprobes,
    tracepoints: Vec<(&'static str, &'static str)>,
    _kernel_functions: [KernelFunctions; 2],
}

impl Programs {
    /// Puts the programs at tracepoints in place.
    pub(crate) fn attach_tracepoints(&mut self) -> Result<(), EbpfError> {
        for (name, tracepoint) in self.tracepoints.iter().copied() {
            let failed = |source| EbpfError::Program {
                program: String::from(name),
                source: Box::new(source),
            };
            let program = self
                .ebpf
                .program_mut(name)
                .ok_or_else(|| EbpfError::Missing(String::from(name)))?;
            let program: &mut RawTracePoint = program.try_into().map_err(failed)?;
            program.attach(tracepoint).map_err(failed)?;
        }
        Ok(())
    }

    /// Puts programs at places of a file.
    pub(crate) fn attach(
        &mut self,
        file: &File,
        places: &[Place],
        scope: Scope,
    ) -> io::Result<Link> {
        self.uprobes.attach(file, places, scope)
    }

    /// How user space is probed.
    pub(crate) const fn method(&self) -> ProbeMethod {
        self.uprobes.method()
    }
}

#[cfg(test)]
mod tests;
