//! The eBPF object: loading it, its maps, and putting its programs in place.

mod bare;
mod file_programs;
mod kernel_function;
mod parsed;
mod stream_programs;
pub(crate) mod sys;
mod uprobe;

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;

use aya::maps::{Array, HashMap, Map, MapData, MapError, PerCpuArray, RingBuf};
use aya::programs::{Program, RawTracePoint};
use aya::{Ebpf, EbpfLoader, include_bytes_aligned};
use oisp_ebpf_common::conn::{ConnKey, ConnState};
use oisp_ebpf_common::file::Written;
use oisp_ebpf_common::filter::{FilterState, RuleKey, Verdict};
use oisp_ebpf_common::setting;

use crate::btf::{self, KernelTypes};
use crate::config::ProbeMethod;
use crate::error::EbpfError;
use crate::kernel;
use crate::plain::ports::KernelPorts;
use crate::plain::stdio::Stdio;
use crate::tls::Place;

pub use bare::BareProbes;
pub(crate) use file_programs::FilePrograms;
use kernel_function::{KernelFunctions, Part};
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

/// [`ConnKey`], as a key of a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Key(pub(crate) ConnKey);

/// [`ConnState`], as a value of a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct State(pub(crate) ConnState);

/// [`RuleKey`], as a key of a map.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Rule(pub(crate) RuleKey);

/// [`FilterState`], as a value of a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Filtering(pub(crate) FilterState);

/// [`Verdict`], as a value of a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Judged(pub(crate) Verdict);

/// [`Written`], as a value of a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct OpenFile(pub(crate) Written);

// SAFETY: all are `repr(C)` without padding, and any bytes are a valid value.
unsafe impl aya::Pod for Key {}
// SAFETY: as above.
unsafe impl aya::Pod for Rule {}
// SAFETY: as above.
unsafe impl aya::Pod for Filtering {}
// SAFETY: as above.
unsafe impl aya::Pod for Judged {}
// SAFETY: as above.
unsafe impl aya::Pod for OpenFile {}
// SAFETY: as above.
unsafe impl aya::Pod for State {}

/// The kernel's table of connections.
pub(crate) type Conns = HashMap<MapData, Key, State>;
/// The kernel's set of connections that are captured whatever is left out.
pub(crate) type Wanted = HashMap<MapData, Key, u32>;
/// The kernel's table of open files that were written to.
pub(crate) type OpenFiles = HashMap<MapData, u64, OpenFile>;
/// The kernel's counters.
pub(crate) type Counters = PerCpuArray<MapData, u64>;

/// The kernel's filter of processes.
pub(crate) struct FilterMaps {
    pub(crate) state: Array<MapData, Filtering>,
    pub(crate) rules: HashMap<MapData, Rule, u32>,
    pub(crate) verdicts: HashMap<MapData, u32, Judged>,
}

/// What loading gives.
pub(crate) struct Loaded {
    pub(crate) programs: Programs,
    pub(crate) ring: RingBuf<MapData>,
    pub(crate) conns: Conns,
    /// The same table, to count what is in it.
    pub(crate) conns_to_count: Conns,
    pub(crate) counters: Counters,
    pub(crate) filter: FilterMaps,
    /// Connections that are known to carry AI calls.
    pub(crate) wanted: Wanted,
    /// What tells of files.
    pub(crate) files: FilePrograms,
    /// Open files that were written to.
    pub(crate) open_files: OpenFiles,
    /// Ports at which plain HTTP is looked for.
    pub(crate) plain_ports: KernelPorts,
    /// What takes standard streams.
    pub(crate) stdio: StdioPrograms,
    /// Programs that are not in place, each with the reason.
    pub(crate) missing: Vec<(&'static str, String)>,
}

/// Loads the object with a ring of that size. Nothing is attached yet, save the
/// programs at functions of the kernel.
pub(crate) fn load(
    ring_bytes: u32,
    probe_method: Option<ProbeMethod>,
    stdio: Stdio,
) -> Result<Loaded, EbpfError> {
    kernel::require_privileges()?;
    kernel::lift_memory_limit();
    let types = KernelTypes::read(Path::new(btf::VMLINUX), &kernel_function::names());
    let multi = probe_method.is_none_or(|method| method == ProbeMethod::Multi);
    if multi && sys::may_sleep() {
        match load_with(ring_bytes, &types, (probe_method, true), stdio) {
            Ok(loaded) => return Ok(loaded),
            Err(error) => tracing::debug!(%error, "not with programs that may sleep"),
        }
    }
    load_with(ring_bytes, &types, (probe_method, false), stdio)
}

fn load_with(
    ring_bytes: u32,
    types: &KernelTypes,
    (probe_method, may_sleep): (Option<ProbeMethod>, bool),
    stdio: Stdio,
) -> Result<Loaded, EbpfError> {
    let settings = settings(ring_bytes, types, may_sleep, stdio);
    let mut ebpf = EbpfLoader::new()
        // The object has no relocations against the kernel's types.
        .btf(None)
        .map_max_entries("RING", ring_bytes)
        .override_global("SETTING", settings.as_slice(), true)
        .load(OBJECT)?;
    let tracepoints = tracepoints(types);
    load_tracepoints(&mut ebpf, &tracepoints)?;
    let parsed = Parsed::new(&ebpf, OBJECT).map_err(EbpfError::Uprobes)?;
    let parsed = Arc::new(parsed);
    let kernel_functions = KernelFunctions::attach(&parsed, &types.functions, Part::Events);
    let plain = stream_programs::plain(&parsed, &types.functions);
    let at_files = KernelFunctions::attach(&parsed, &types.functions, Part::Files);
    let missing = [
        &*kernel_functions.missing,
        &*plain.missing,
        &*at_files.missing,
    ]
    .concat();
    for (program, why) in &missing {
        tracing::info!(program, why, "a program is not in place");
    }
    let files = FilePrograms::new(Arc::clone(&parsed), map(&mut ebpf, "WATCHED")?, at_files);
    let stdio = StdioPrograms::new(
        Arc::clone(&parsed),
        &types.functions,
        map(&mut ebpf, "AGENTS")?,
    );
    let uprobes = Uprobes::load(parsed, probe_method, may_sleep).map_err(EbpfError::Uprobes)?;
    Ok(Loaded {
        ring: map(&mut ebpf, "RING")?,
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
            _kernel_functions: [kernel_functions, plain],
        },
    })
}

fn settings(
    ring_bytes: u32,
    types: &KernelTypes,
    may_sleep: bool,
    stdio: Stdio,
) -> [u32; setting::SETTINGS] {
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
    set(setting::WAKE_AT, (ring_bytes / 8).min(1 << 20));
    set(setting::STDIO, stdio.number());
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

fn map<T: TryFrom<Map, Error = MapError>>(
    ebpf: &mut Ebpf,
    name: &'static str,
) -> Result<T, EbpfError> {
    let map = ebpf
        .take_map(name)
        .ok_or_else(|| EbpfError::Missing(String::from(name)))?;
    T::try_from(map).map_err(|source| EbpfError::Map {
        map: name,
        source: Box::new(source),
    })
}

/// A second handle on a table.
fn again(ebpf: &Ebpf, name: &'static str) -> Result<Conns, EbpfError> {
    let missing = || EbpfError::Missing(String::from(name));
    let Some(Map::LruHashMap(data)) = ebpf.map(name) else {
        return Err(missing());
    };
    let fd = data.fd().as_fd().try_clone_to_owned();
    let data = fd
        .ok()
        .and_then(|fd| MapData::from_fd(fd).ok())
        .ok_or_else(missing)?;
    Conns::try_from(Map::LruHashMap(data)).map_err(|source| EbpfError::Map {
        map: name,
        source: Box::new(source),
    })
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
mod tests {
    use super::*;

    /// The loader and the object are built apart: this is where they meet.
    #[test]
    fn every_program_and_map_is_in_every_object() {
        let objects: [(&str, &[u8]); 2] = [
            (
                "x86_64",
                include_bytes_aligned!("../../../../ebpf/prebuilt/oisp-ebpf.x86_64.o"),
            ),
            (
                "aarch64",
                include_bytes_aligned!("../../../../ebpf/prebuilt/oisp-ebpf.aarch64.o"),
            ),
        ];
        for (arch, object) in objects {
            let names = symbol_names(object);
            let optional = OPTIONAL.map(|(name, ..)| name);
            let wanted = TRACEPOINTS
                .map(|(name, _)| name)
                .into_iter()
                .chain(optional);
            let at_functions = kernel_function::ALL.iter().map(|at| at.program);
            let instead = stream_programs::PLAIN_INSTEAD.into_iter().chain([
                stream_programs::STDIO_INSTEAD,
                stream_programs::START_INSTEAD,
                stream_programs::PIPES_INSTEAD,
            ]);
            let instead = instead.map(|(program, _)| program);
            for name in wanted.chain(at_functions).chain(instead).chain([
                "tls_entry",
                "tls_return",
                "go_call",
                "GO_CALLS",
                "tls_return_here",
                "RING",
                "CONNS",
                "COUNTER",
                "CALLS",
                "FILTER",
                "RULES",
                "VERDICTS",
                "WANTED",
                "WATCHED",
                "SETTING",
                "PLAIN_PORTS",
                "AGENTS",
            ]) {
                assert!(
                    names.iter().any(|known| known == name),
                    "{arch}: {name} not in {names:?}"
                );
            }
        }
    }

    fn symbol_names(object: &[u8]) -> Vec<String> {
        use object::{Object as _, ObjectSymbol as _};
        let file = object::File::parse(object).unwrap();
        file.symbols()
            .filter_map(|symbol| symbol.name().ok().map(String::from))
            .collect()
    }
}
