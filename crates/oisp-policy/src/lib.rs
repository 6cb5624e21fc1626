//! Which events are kept. In: events. Out: yes or no.

use oisp_core::Event;

/// Keeps the events of the processes that the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Process names; all where both lists are empty.
    pub names: Vec<String>,
    /// Process ids.
    pub pids: Vec<u32>,
}

impl Filter {
    /// True where the event is kept: nothing was asked for, or its process or
    /// one of that process's ancestors was.
    pub fn keeps(&self, event: &Event) -> bool {
        if self.names.is_empty() && self.pids.is_empty() {
            return true;
        }
        let Some(process) = &event.process else {
            return false;
        };
        let exe_name = process.exe.as_deref().map(base_name);
        self.wants(process.pid, process.name.as_deref().or(exe_name))
            || exe_name.is_some_and(|name| self.wants(process.pid, Some(name)))
            || process
                .ancestors
                .iter()
                .flatten()
                .any(|ancestor| self.wants(ancestor.pid, ancestor.name.as_deref()))
    }

    fn wants(&self, pid: u32, name: Option<&str>) -> bool {
        self.pids.contains(&pid)
            || name.is_some_and(|name| self.names.iter().any(|wanted| wanted == name))
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oisp_core::event::process::Exit;
    use oisp_core::event::{Confidence, Data, Process, ProcessRef, Source};
    use oisp_core::{EventId, Timestamp};

    fn event_of(pid: u32, name: &str, exe: &str, ancestor: &str) -> Event {
        let exit = Exit {
            exit_code: 0,
            signal: None,
            runtime_ms: None,
            termination_type: "normal",
        };
        let ancestor = ProcessRef {
            pid: 1,
            name: Some(ancestor.into()),
            ..ProcessRef::default()
        };
        Event {
            oisp_version: "0.1",
            event_id: EventId::derive(Timestamp::default(), &[]),
            ts: Timestamp::default(),
            host: None,
            actor: None,
            process: Some(Process {
                pid,
                name: Some(name.into()),
                exe: Some(exe.into()),
                ancestors: Some(vec![ancestor]),
                ..Process::default()
            }),
            source: Source::new("tls_boundary", "ssl_read"),
            confidence: Confidence::full(),
            data: Data::ProcessExit(exit),
            attrs: serde_json::Map::new(),
            ext: serde_json::Map::new(),
            related_events: Vec::new(),
            trace_context: None,
            app: None,
        }
    }

    #[test]
    fn without_wishes_everything_is_kept() {
        assert!(Filter::default().keeps(&event_of(9, "a", "/a", "init")));
    }

    #[test]
    fn name_executable_pid_and_ancestor_count() {
        let by_name = |name: &str| Filter {
            names: vec![name.into()],
            pids: vec![],
        };
        let event = event_of(9, "HTTP Client", "/opt/bin/agent", "bash");
        assert!(by_name("HTTP Client").keeps(&event));
        assert!(by_name("agent").keeps(&event));
        assert!(by_name("bash").keeps(&event));
        assert!(!by_name("age").keeps(&event));
        assert!(
            Filter {
                names: vec![],
                pids: vec![9]
            }
            .keeps(&event)
        );
        assert!(
            !Filter {
                names: vec![],
                pids: vec![8]
            }
            .keeps(&event)
        );
    }
}
