//! Of which processes events are kept. In: events. Out: yes or no.

use std::sync::Arc;

use arc_swap::ArcSwap;
use oisp_core::Event;
use oisp_core::capture::{ProcessFilter, ProcessRule};
use oisp_core::event::{Actor, Process};

/// Keeps the events of the processes that the user asked for. Clones share the
/// rules, which may change at any time.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    rules: Arc<ArcSwap<ProcessFilter>>,
}

impl Filter {
    /// With those rules.
    pub fn new(rules: ProcessFilter) -> Self {
        Self {
            rules: Arc::new(ArcSwap::from_pointee(rules)),
        }
    }

    /// The rules in force.
    pub fn rules(&self) -> Arc<ProcessFilter> {
        self.rules.load_full()
    }

    /// Puts other rules in force.
    pub fn set(&self, rules: ProcessFilter) {
        self.rules.store(Arc::new(rules));
    }

    /// True where the event is kept: nothing was asked for, or a rule includes
    /// its process or one that it descends from; and no rule excludes any of
    /// them.
    pub fn keeps(&self, event: &Event) -> bool {
        let rules = self.rules.load();
        if rules.is_empty() {
            return true;
        }
        let Some(process) = &event.process else {
            return rules.include.is_empty();
        };
        let actor = event.actor.as_ref();
        let speak = |rules: &[ProcessRule]| rules.iter().any(|rule| speaks(rule, process, actor));
        !speak(&rules.exclude) && (rules.include.is_empty() || speak(&rules.include))
    }
}

/// Whether a rule speaks of a process or of one that it descends from.
fn speaks(rule: &ProcessRule, process: &Process, actor: Option<&Actor>) -> bool {
    let mut ancestors = process.ancestors.iter().flatten();
    match rule {
        ProcessRule::Pid(pid) => {
            process.pid == *pid || ancestors.any(|ancestor| ancestor.pid == *pid)
        }
        ProcessRule::Name(name) => {
            let exe_name = process.exe.as_deref().map(base_name);
            let is_named = |candidate: Option<&str>| candidate == Some(name.as_str());
            is_named(process.name.as_deref())
                || is_named(exe_name)
                || ancestors.any(|ancestor| is_named(ancestor.name.as_deref()))
        }
        ProcessRule::User(uid) => actor.and_then(|actor| actor.uid) == Some(*uid),
        ProcessRule::Cgroup(path) => process
            .cgroup
            .as_deref()
            .and_then(|own| own.strip_prefix(path.trim_end_matches('/')))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
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
            signal_name: None,
            runtime_ms: None,
            cpu_user_ms: None,
            cpu_system_ms: None,
            max_rss_kb: None,
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
            data: Data::ProcessExit(Box::new(exit)),
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

    fn filter(include: &[&str], exclude: &[&str]) -> Filter {
        let rules = |rules: &[&str]| rules.iter().map(|rule| rule.parse().unwrap()).collect();
        Filter::new(ProcessFilter {
            include: rules(include),
            exclude: rules(exclude),
        })
    }

    #[test]
    fn name_executable_pid_and_ancestor_count() {
        let event = event_of(9, "HTTP Client", "/opt/bin/agent", "bash");
        for rule in ["HTTP Client", "agent", "name:bash", "pid:9", "pid:1"] {
            assert!(filter(&[rule], &[]).keeps(&event), "{rule}");
            assert!(!filter(&[], &[rule]).keeps(&event), "{rule}");
        }
        for rule in ["age", "pid:8", "user:0", "cgroup:/a"] {
            assert!(!filter(&[rule], &[]).keeps(&event), "{rule}");
            assert!(filter(&[], &[rule]).keeps(&event), "{rule}");
        }
    }

    #[test]
    fn what_is_excluded_is_not_kept_whatever_includes_it() {
        let event = event_of(9, "python3", "/usr/bin/python3", "agent");
        assert!(!filter(&["agent"], &["python3"]).keeps(&event));
    }

    #[test]
    fn user_and_control_group_count() {
        let mut event = event_of(9, "a", "/a", "b");
        event.actor = Some(Actor {
            uid: Some(1000),
            ..Actor::default()
        });
        if let Some(process) = &mut event.process {
            process.cgroup = Some("/docker/ab".into());
        }
        for rule in ["user:1000", "cgroup:/docker", "cgroup:/docker/ab"] {
            assert!(filter(&[rule], &[]).keeps(&event), "{rule}");
        }
        assert!(!filter(&["cgroup:/dock"], &[]).keeps(&event));
    }

    #[test]
    fn rules_change_for_all_who_share_them() {
        let one = Filter::default();
        let other = one.clone();
        one.set(filter(&["pid:8"], &[]).rules().as_ref().clone());
        assert!(!other.keeps(&event_of(9, "a", "/a", "b")));
    }
}
