//! Adds to an event what is known around it: the machine, the user, the
//! process and its ancestors, the program.
//!
//! The process table is fed by the capture's own records, never by looking at
//! the machine at decode time: a pid of a replayed file, or one that was reused
//! meanwhile, must not describe another process.

mod app;
mod container;
mod host;
mod processes;
mod shell;

use oisp_core::event::{Actor, Host, Process, ProcessRef};
use oisp_core::{Event, ProcessEvent, ProcessFacts, RawEvent, RawKind};

use app::Apps;
pub use host::this_host;
use oisp_registry::Current;
use processes::Processes;

/// Adds host, user, process and program.
#[derive(Debug)]
pub struct Enricher {
    host: Option<Host>,
    processes: Processes,
    apps: Apps,
}

impl Enricher {
    /// With the machine that the capture runs on; `None` for a capture that
    /// was made elsewhere.
    pub fn new(host: Option<Host>, registry: Current) -> Self {
        Self {
            host,
            processes: Processes::default(),
            apps: Apps::new(registry),
        }
    }

    /// Learns from a record. To be called before its events are enriched.
    pub fn observe(&mut self, raw: &RawEvent) {
        if let RawKind::Process(process) = &raw.kind {
            match process {
                ProcessEvent::Seen(facts) | ProcessEvent::Exec(facts) => {
                    self.processes.learn(raw.pid, facts)
                }
                ProcessEvent::Fork { child_pid } => self.processes.forked(raw.pid, *child_pid),
                ProcessEvent::Exit { .. } => {
                    let forgotten = self.processes.exited(raw.pid, raw.at);
                    self.apps.forget(&forgotten);
                }
            }
        }
    }

    /// Adds to an event what is known.
    pub fn enrich(&self, event: &mut Event) {
        event.host.clone_from(&self.host);
        let pid = event.process.as_ref().map(|process| process.pid);
        let facts = pid.and_then(|pid| self.processes.get(pid));
        let ancestors = pid.map(|pid| self.processes.ancestors(pid));
        if let (Some(process), Some(facts)) = (&mut event.process, facts) {
            event.actor = actor(facts);
            self.describe(process, facts);
            if let Some(container) = &facts.container {
                container::add(&mut event.attrs, container);
            }
        }
        self.apps.add(event, facts, &ancestors.unwrap_or_default());
    }

    fn describe(&self, process: &mut Process, facts: &ProcessFacts) {
        process.ppid = facts.ppid;
        process.exe.clone_from(&facts.exe);
        process.name = name_of(facts);
        process.cmdline = facts.args.as_deref().map(command_line);
        process.cwd.clone_from(&facts.cwd);
        process.start_time = facts.started;
        process.bundle_id.clone_from(&facts.bundle_id);
        process.cgroup.clone_from(&facts.cgroup);
        process.container_id = facts
            .container
            .as_ref()
            .map(|container| container.id.clone());
        let ancestors = self.processes.ancestors(facts.pid);
        // The parent may be another one than the process that made this one.
        let parent = facts.ppid.and_then(|ppid| {
            let made = ancestors.first().filter(|made| made.pid == ppid);
            made.or_else(|| self.processes.get(ppid).filter(|_| ppid != facts.pid))
        });
        process.parent = parent.map(|parent| ProcessRef {
            cmdline: parent.args.as_deref().map(command_line),
            ..reference(parent)
        });
        process.ancestors = (!ancestors.is_empty())
            .then(|| ancestors.iter().map(|facts| reference(facts)).collect());
    }
}

fn actor(facts: &ProcessFacts) -> Option<Actor> {
    facts.uid.map(|uid| Actor {
        uid: Some(uid),
        gid: facts.gid,
        user: facts.user.clone(),
        is_elevated: Some(uid == 0),
    })
}

fn reference(facts: &ProcessFacts) -> ProcessRef {
    ProcessRef {
        pid: facts.pid,
        exe: facts.exe.clone(),
        name: name_of(facts),
        cmdline: None,
    }
}

/// The executable's base name, else the kernel's short name, which a thread may
/// have changed.
fn name_of(facts: &ProcessFacts) -> Option<String> {
    let base = facts
        .exe
        .as_deref()
        .and_then(|exe| exe.rsplit(['/', '\\']).next())
        .filter(|name| !name.is_empty());
    base.map(|name| name.trim_end_matches(" (deleted)").to_owned())
        .or_else(|| facts.comm.clone())
}

/// Arguments as a line that a shell would take apart again.
fn command_line(args: &[String]) -> String {
    args.iter()
        .map(|arg| quoted(arg))
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(arg: &str) -> std::borrow::Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        return arg.into();
    }
    format!("'{}'", arg.replace('\'', r"'\''")).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use oisp_core::Timestamp;
    use std::sync::Arc;

    fn facts(pid: u32, ppid: u32, exe: &str) -> Arc<ProcessFacts> {
        Arc::new(ProcessFacts {
            pid,
            ppid: Some(ppid),
            exe: Some(exe.into()),
            uid: Some(0),
            ..ProcessFacts::default()
        })
    }

    fn observe(enricher: &mut Enricher, pid: u32, event: ProcessEvent) {
        let raw = RawEvent {
            at: Timestamp::default(),
            pid,
            tid: pid,
            kind: RawKind::Process(event),
        };
        enricher.observe(&raw);
    }

    fn described(enricher: &Enricher, pid: u32) -> Process {
        let mut process = Process {
            pid,
            ..Process::default()
        };
        if let Some(facts) = enricher.processes.get(pid) {
            enricher.describe(&mut process, facts);
        }
        process
    }

    #[test]
    fn the_chain_of_ancestors_goes_up_to_the_root() {
        let mut enricher = Enricher::new(None, Current::embedded());
        observe(
            &mut enricher,
            1,
            ProcessEvent::Seen(facts(1, 0, "/sbin/init")),
        );
        observe(
            &mut enricher,
            5,
            ProcessEvent::Seen(facts(5, 1, "/bin/bash")),
        );
        observe(
            &mut enricher,
            9,
            ProcessEvent::Exec(facts(9, 5, "/usr/bin/curl")),
        );
        let process = described(&enricher, 9);
        assert_eq!(process.name.as_deref(), Some("curl"));
        let names: Vec<_> = process
            .ancestors
            .unwrap()
            .into_iter()
            .map(|ancestor| ancestor.name.unwrap())
            .collect();
        assert_eq!(names, ["bash", "init"]);
    }

    #[test]
    fn a_child_is_its_parent_until_it_runs_a_program() {
        let mut enricher = Enricher::new(None, Current::embedded());
        observe(
            &mut enricher,
            5,
            ProcessEvent::Seen(facts(5, 1, "/usr/bin/python3")),
        );
        observe(&mut enricher, 5, ProcessEvent::Fork { child_pid: 6 });
        let child = described(&enricher, 6);
        assert_eq!(
            (child.name.as_deref(), child.ppid),
            (Some("python3"), Some(5))
        );
    }

    #[test]
    fn a_process_that_left_has_the_parent_it_has_and_the_ancestors_it_had() {
        let mut enricher = Enricher::new(None, Current::embedded());
        let seen = |pid, ppid, exe| ProcessEvent::Seen(facts(pid, ppid, exe));
        observe(&mut enricher, 1, seen(1, 0, "/sbin/init"));
        observe(&mut enricher, 5, seen(5, 1, "/usr/bin/agent"));
        observe(&mut enricher, 5, ProcessEvent::Fork { child_pid: 6 });
        observe(
            &mut enricher,
            6,
            ProcessEvent::Exec(facts(6, 1, "/usr/bin/tool")),
        );
        let process = described(&enricher, 6);
        assert_eq!((process.ppid, process.parent.unwrap().pid), (Some(1), 1));
        let above = process.ancestors.unwrap();
        assert_eq!(above.iter().map(|one| one.pid).collect::<Vec<_>>(), [5, 1]);
    }

    #[test]
    fn a_circle_in_the_table_ends() {
        let mut enricher = Enricher::new(None, Current::embedded());
        observe(&mut enricher, 5, ProcessEvent::Seen(facts(5, 6, "/a")));
        observe(&mut enricher, 6, ProcessEvent::Seen(facts(6, 5, "/b")));
        assert_eq!(described(&enricher, 5).ancestors.unwrap().len(), 1);
    }

    #[test]
    fn a_command_line_is_quoted_where_it_must_be() {
        let args = ["sh", "-c", "echo it's", ""].map(str::to_owned);
        assert_eq!(command_line(&args), r"sh -c 'echo it'\''s' ''");
    }
}
