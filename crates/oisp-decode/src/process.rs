//! From the life of processes to `process.*` events.

mod programs;
mod signals;

use oisp_core::event::process::{Exec, Exit, Fork};
use oisp_core::event::{Data, Source};
use oisp_core::raw::Usage;
use oisp_core::{Event, ProcessEvent, ProcessFacts, RawEvent};

use crate::observed;

/// The event that a record of a process makes; `None` for one that only tells
/// of a process that was there already.
pub fn event_of(raw: &RawEvent, process: &ProcessEvent) -> Option<Event> {
    let mut child = 0;
    let (data, point) = match process {
        ProcessEvent::Seen(_) => return None,
        ProcessEvent::Exec(facts) => {
            let exec = Data::ProcessExec(Box::new(exec(facts)?));
            (exec, "sched_process_exec")
        }
        ProcessEvent::Fork { child_pid } => {
            child = *child_pid;
            let fork = Fork {
                child_pid: *child_pid,
                is_thread: false,
            };
            (Data::ProcessFork(fork), "sched_process_fork")
        }
        ProcessEvent::Exit {
            code,
            signal,
            core_dumped,
            runtime_ms,
            usage,
        } => {
            let code = code.or(signal.map(|signal| 128_i32.saturating_add(signal)))?;
            let exit = exit(code, *signal, *core_dumped, *runtime_ms, *usage);
            (Data::ProcessExit(Box::new(exit)), "sched_process_exit")
        }
    };
    let source = Source::new("ebpf_tracepoint", point);
    Some(observed::event(raw, source, data, &[&child.to_le_bytes()]))
}

fn exec(facts: &ProcessFacts) -> Option<Exec> {
    let exe = facts.exe.clone().or_else(|| facts.comm.clone())?;
    let script = programs::script(facts);
    Some(Exec {
        args: facts.args.clone(),
        cwd: facts.cwd.clone(),
        interpreter: script.as_ref().map(|_| exe.clone()),
        is_script: script.as_ref().map(|_| true),
        script_path: script,
        is_shell: Some(programs::is_shell(&exe)),
        exe,
    })
}

fn exit(
    exit_code: i32,
    signal: Option<i32>,
    core_dumped: bool,
    runtime_ms: Option<u64>,
    usage: Usage,
) -> Exit {
    Exit {
        exit_code,
        signal,
        signal_name: signal.and_then(signals::name),
        runtime_ms,
        cpu_user_ms: usage.cpu_user_ms,
        cpu_system_ms: usage.cpu_system_ms,
        max_rss_kb: usage.max_rss_kb,
        termination_type: match (signal, core_dumped) {
            (_, true) => "coredump",
            (Some(_), false) => "signaled",
            (None, false) => "normal",
        },
    }
}
