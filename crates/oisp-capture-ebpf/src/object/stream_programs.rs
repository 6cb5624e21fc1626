//! What takes streams without TLS: programs at the kernel's functions, and where
//! a kernel lets none be there, at raw tracepoints (Linux 6.3), which see as much
//! but for what moves without a system call of its own.
//!
//! Those for standard streams are loaded when the first process is known whose
//! children have such streams: the verifier takes its time, and they cost every
//! write to a pipe a little.

use std::collections::HashMap;
use std::ffi::CStr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use aya::maps::{MapData, MapError};
use oisp_ebpf_common::plain::IN_PLACE;

use super::kernel_function::{self, KernelFunctions, Part};
use super::parsed::Parsed;
use super::sys::{self, Kind};
use crate::btf::Function;

/// What stands in for programs at functions.
pub(super) const PLAIN_INSTEAD: [(&str, &CStr); 4] = [
    ("sock_sent", c"sock_send_length"),
    ("sock_received", c"sock_recv_length"),
    ("sock_changes", c"inet_sock_set_state"),
    ("sock_destroyed", c"tcp_destroy_sock"),
];

/// The same for standard streams that are socket pairs.
pub(super) const STDIO_INSTEAD: (&str, &CStr) = ("stdio_sent", c"sock_send_length");

/// The one that stands in at the start of a program, where the kernel has its
/// tracepoint (6.10). Without it a message that a parent writes at once may be
/// missed.
pub(super) const START_INSTEAD: (&str, &CStr) = ("stdio_prepares", c"sched_prepare_exec");

/// The program that stands in at pipes, which have no tracepoint: it runs at the
/// end of every system call.
pub(super) const PIPES_INSTEAD: (&str, &CStr) = ("stdio_syscall", c"sys_exit");

/// Loads what takes connections without TLS, and puts it in place.
pub(super) fn plain(
    parsed: &Parsed,
    functions: &HashMap<&'static str, Function>,
) -> KernelFunctions {
    let attached = KernelFunctions::attach(parsed, functions, Part::Plain);
    if attached.missing.is_empty() {
        return attached;
    }
    let mut instead = KernelFunctions::default();
    for (program, tracepoint) in PLAIN_INSTEAD {
        if let Err(error) = instead.attach_to_tracepoint(parsed, program, tracepoint) {
            let mut attached = attached;
            attached.missing.push((program, error.to_string()));
            return attached;
        }
    }
    told(&attached);
    instead
}

/// The kernel's table of agents.
pub(crate) type KernelAgents = aya::maps::HashMap<MapData, u32, u32>;

/// What takes standard streams, once it is wanted.
#[derive(Clone)]
pub(crate) struct StdioPrograms {
    parsed: Arc<Parsed>,
    functions: Arc<HashMap<&'static str, Function>>,
    state: Arc<Mutex<State>>,
    settled: Arc<Condvar>,
}

struct State {
    agents: KernelAgents,
    wanted: bool,
    /// They are being loaded, or were.
    asked: bool,
    loaded: Option<Loaded>,
}

#[derive(Default)]
struct Loaded {
    _at_functions: KernelFunctions,
    at_calls: Option<AtCalls>,
}

impl StdioPrograms {
    pub(super) fn new(
        parsed: Arc<Parsed>,
        functions: &HashMap<&'static str, Function>,
        agents: KernelAgents,
    ) -> Self {
        Self {
            parsed,
            functions: Arc::new(functions.clone()),
            state: Arc::new(Mutex::new(State {
                agents,
                wanted: false,
                asked: false,
                loaded: None,
            })),
            settled: Arc::default(),
        }
    }

    /// That process is an agent.
    pub(crate) fn add(&self, pid: u32) -> Result<(), MapError> {
        self.state().agents.insert(pid, 1, 0)
    }

    /// It is none any more.
    pub(crate) fn remove(&self, pid: u32) {
        // The kernel may have been without room for it.
        let _ = self.state().agents.remove(&pid);
    }

    /// They are wanted, or not. Those that are not loaded yet are loaded in a
    /// thread of their own: whoever reads the ring has no time for it.
    pub(crate) fn wanted(&self, wanted: bool) {
        {
            let mut state = self.state();
            state.wanted = wanted;
            state.apply();
            if !wanted || state.asked {
                return;
            }
            state.asked = true;
        }
        let programs = self.clone();
        let thread = thread::Builder::new().name(String::from("oisp-ebpf-stdio"));
        if let Err(error) = thread.spawn(move || programs.load()) {
            tracing::warn!(%error, "standard streams are not captured");
            self.state().asked = false;
        }
    }

    fn load(&self) {
        let loaded = Loaded::new(&self.parsed, &self.functions);
        let mut state = self.state();
        state.loaded = Some(loaded);
        state.apply();
        self.settled.notify_all();
    }

    /// Waits until those that are wanted are in place.
    pub(crate) fn settle(&self) {
        let waits = |state: &mut State| state.asked && state.loaded.is_none();
        let settled = self.settled.wait_while(self.state(), waits);
        drop(settled.unwrap_or_else(PoisonError::into_inner));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Lets them see writes, or not, and tells the kernel's programs: what a child
    /// was told before was not seen.
    fn apply(&mut self) {
        let Some(loaded) = &mut self.loaded else {
            return;
        };
        if let Some(at_calls) = &mut loaded.at_calls {
            at_calls.wanted(self.wanted);
        }
        let sees = self.wanted || loaded.at_calls.is_none();
        let told = if sees {
            self.agents.insert(IN_PLACE, 1, 0)
        } else {
            self.agents.remove(&IN_PLACE)
        };
        if let Err(error) = told {
            tracing::debug!(%error, "the kernel's programs were not told what sees writes");
        }
    }
}

impl Loaded {
    fn new(parsed: &Parsed, functions: &HashMap<&'static str, Function>) -> Self {
        let at_functions = KernelFunctions::attach(parsed, functions, Part::Stdio);
        if at_functions.missing.is_empty() {
            return Self {
                _at_functions: at_functions,
                at_calls: None,
            };
        }
        told(&at_functions);
        // What is in place would take the same bytes again.
        drop(at_functions);
        let mut instead = KernelFunctions::default();
        for (program, tracepoint) in [STDIO_INSTEAD, START_INSTEAD] {
            if let Err(error) = instead.attach_to_tracepoint(parsed, program, tracepoint) {
                instead.missing.push((program, error.to_string()));
            }
        }
        let (program, tracepoint) = PIPES_INSTEAD;
        let loaded = kernel_function::load(parsed, program, Kind::RawTracepoint);
        let at_calls = match loaded {
            Ok(program) => Some(AtCalls {
                program,
                tracepoint,
                link: None,
            }),
            Err(error) => {
                instead.missing.push((program, error.to_string()));
                None
            }
        };
        for (program, why) in &instead.missing {
            tracing::warn!(program, why, "not all standard streams are captured");
        }
        Self {
            _at_functions: instead,
            at_calls,
        }
    }
}

fn told(functions: &KernelFunctions) {
    for (program, why) in &functions.missing {
        tracing::debug!(program, why, "another program stands in for one");
    }
}

/// A program that sees the end of every system call while it is wanted.
struct AtCalls {
    program: OwnedFd,
    tracepoint: &'static CStr,
    link: Option<OwnedFd>,
}

impl AtCalls {
    /// It costs every system call of the machine a little.
    fn wanted(&mut self, wanted: bool) {
        if !wanted {
            self.link = None;
        } else if self.link.is_none() {
            match sys::attach_to_tracepoint(self.program.as_fd(), self.tracepoint) {
                Ok(link) => self.link = Some(link),
                Err(error) => tracing::warn!(%error, "pipes are not captured"),
            }
        }
    }
}
