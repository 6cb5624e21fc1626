//! From the life of processes to `process.*` events. Who the process is, the
//! enrich stage adds.

use oisp_core::event::process::{Exec, Exit, Fork};
use oisp_core::event::{Confidence, Data, Process, Source};
use oisp_core::{Event, EventId, ProcessEvent, RawEvent, event};
use serde_json::Map;

/// The event that a record of a process makes; `None` for one that only tells
/// of a process that was there already.
pub fn event_of(raw: &RawEvent, process: &ProcessEvent) -> Option<Event> {
    let (data, point) = match process {
        ProcessEvent::Seen(_) => return None,
        ProcessEvent::Exec(facts) => {
            let exe = facts.exe.clone().or_else(|| facts.comm.clone())?;
            let exec = Exec {
                exe,
                args: facts.args.clone(),
                cwd: facts.cwd.clone(),
            };
            (Data::ProcessExec(Box::new(exec)), "sched_process_exec")
        }
        ProcessEvent::Fork { child_pid } => (
            Data::ProcessFork(Fork {
                child_pid: *child_pid,
                is_thread: false,
            }),
            "sched_process_fork",
        ),
        ProcessEvent::Exit {
            code,
            signal,
            core_dumped,
            runtime_ms,
            ..
        } => {
            let exit = Exit {
                exit_code: code.or(signal.map(|signal| 128 + signal))?,
                signal: *signal,
                runtime_ms: *runtime_ms,
                termination_type: termination(*signal, *core_dumped),
            };
            (Data::ProcessExit(exit), "sched_process_exit")
        }
    };
    let kind = data.event_type();
    let child = if let Data::ProcessFork(fork) = &data {
        fork.child_pid
    } else {
        0
    };
    Some(Event {
        oisp_version: event::OISP_VERSION,
        event_id: EventId::derive(
            raw.at,
            &[
                kind.as_bytes(),
                &raw.pid.to_le_bytes(),
                &child.to_le_bytes(),
                &raw.at.as_nanos().to_le_bytes(),
            ],
        ),
        ts: raw.at,
        host: None,
        actor: None,
        process: Some(Process {
            pid: raw.pid,
            ..Process::default()
        }),
        source: Source::new("ebpf_tracepoint", point),
        confidence: Confidence::full(),
        data,
        attrs: Map::new(),
        ext: Map::new(),
        related_events: Vec::new(),
        trace_context: None,
        app: None,
    })
}

const fn termination(signal: Option<i32>, core_dumped: bool) -> &'static str {
    match (signal, core_dumped) {
        (_, true) => "coredump",
        (Some(_), false) => "signaled",
        (None, false) => "normal",
    }
}
