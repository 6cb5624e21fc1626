//! Which processes are observed: from rules to the maps that the kernel's
//! programs look into.
//!
//! The kernel judges a process at its start and when it is first seen. What runs
//! already when the rules change is judged here, together with its ancestors.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use oisp_core::capture::{ProcessFilter, ProcessRule};
use oisp_ebpf_common::filter::{
    BY_CGROUP, BY_NAME, BY_PID, BY_USER, EXCLUDED, FilterState, INCLUDED, NAME_LEN, RuleKey,
    UNNAMED, Verdict, both,
};

use crate::object::{FilterMaps, Filtering, Judged, Rule};
use crate::process::{self, stat};

/// The rules in force.
pub(crate) struct Filter {
    maps: FilterMaps,
    rules: ProcessFilter,
    state: FilterState,
}

/// How far up a tree is followed.
const ANCESTORS: usize = 64;

impl Filter {
    /// Without rules: every process is observed.
    pub(crate) fn new(maps: FilterMaps) -> Self {
        Self {
            maps,
            rules: ProcessFilter::default(),
            state: FilterState::default(),
        }
    }

    /// The rules in force.
    pub(crate) const fn rules(&self) -> &ProcessFilter {
        &self.rules
    }

    /// Puts other rules in force. The kernel turns to them at one moment, when
    /// all running processes have been judged by them.
    pub(crate) fn set(&mut self, rules: ProcessFilter) {
        let old: Vec<Rule> = self.maps.rules.keys().filter_map(Result::ok).collect();
        self.state.generation = self.state.generation.wrapping_add(1);
        for (key, rule) in keys(&rules, self.state.generation) {
            if let Err(error) = self.maps.rules.insert(Rule(key), rule, 0) {
                tracing::warn!(%error, "a rule for processes found no room");
            }
        }
        self.state.active = u32::from(!rules.is_empty());
        self.state.unnamed = if rules.include.is_empty() {
            INCLUDED
        } else {
            EXCLUDED
        };
        self.rules = rules;
        self.judge_all();
        self.write_state();
        for key in old {
            let _ = self.maps.rules.remove(&key);
        }
    }

    /// Leaves out that much to save time (`SHED_*`).
    pub(crate) fn shed(&mut self, level: u32) {
        self.state.shed = level;
        self.write_state();
    }

    fn write_state(&mut self) {
        if let Err(error) = self.maps.state.set(0, Filtering(self.state), 0) {
            tracing::warn!(%error, "the kernel did not take the filter of processes");
        }
    }

    /// Whether a running process is observed.
    pub(crate) fn observes(&self, pid: u32) -> bool {
        if self.rules.is_empty() {
            return true;
        }
        match self.rule_of(pid) {
            UNNAMED => self.state.unnamed == INCLUDED,
            rule => rule == INCLUDED,
        }
    }

    /// A rule includes that running process, or one that it descends from.
    pub(crate) fn names(&self, pid: u32) -> bool {
        !self.rules.include.is_empty() && self.rule_of(pid) == INCLUDED
    }

    /// Judges a process that has just started a program: its file's whole name,
    /// and the name that a link hid, are known here only. What the kernel found
    /// holds on: the parents that it inherited from may be gone.
    pub(crate) fn started(&mut self, pid: u32) {
        if self.rules.is_empty() {
            return;
        }
        let found = self.maps.verdicts.get(&pid, 0).ok();
        let found = found.filter(|found| found.0.generation == self.state.generation);
        let rule = both(
            found.map_or(UNNAMED, |found| found.0.rule),
            own_rule(&self.rules, pid),
        );
        self.put(pid, rule);
    }

    fn judge_all(&mut self) {
        for pid in process::all() {
            self.put(pid, self.rule_of(pid));
        }
    }

    fn put(&mut self, pid: u32, rule: u32) {
        let verdict = Verdict {
            generation: self.state.generation,
            rule,
        };
        let _ = self.maps.verdicts.insert(pid, Judged(verdict), 0);
    }

    /// What the rules say of a process or any it descends from.
    fn rule_of(&self, pid: u32) -> u32 {
        let mut rule = UNNAMED;
        let mut next = Some(pid);
        for _ in 0..ANCESTORS {
            let Some(pid) = next.filter(|pid| *pid != 0) else {
                break;
            };
            let Some(stat) = stat::read(pid) else { break };
            rule = both(rule, own_rule(&self.rules, pid));
            next = Some(stat.ppid);
        }
        rule
    }
}

/// What the rules say of a process itself.
fn own_rule(rules: &ProcessFilter, pid: u32) -> u32 {
    let who = Who::read(pid);
    let speaks = |rules: &[ProcessRule]| rules.iter().any(|rule| who.is_meant(rule));
    if speaks(&rules.exclude) {
        EXCLUDED
    } else if speaks(&rules.include) {
        INCLUDED
    } else {
        UNNAMED
    }
}

/// What rules can name of a process.
#[derive(Debug, Default)]
struct Who {
    pid: u32,
    names: Vec<String>,
    uid: Option<u32>,
    cgroups: Vec<String>,
}

impl Who {
    fn read(pid: u32) -> Self {
        let comm = std::fs::read_to_string(process::path(pid, "comm")).ok();
        let exe = std::fs::read_link(process::path(pid, "exe")).ok();
        let exe = exe.as_deref().and_then(Path::file_name);
        let exe = exe.map(|name| {
            let name = name.to_string_lossy();
            String::from(name.trim_end_matches(" (deleted)"))
        });
        let comm = comm.map(|name| String::from(name.trim_end()));
        let cgroups = std::fs::read_to_string(process::path(pid, "cgroup")).unwrap_or_default();
        Self {
            pid,
            names: comm.into_iter().chain(exe).collect(),
            uid: std::fs::metadata(process::path(pid, ""))
                .ok()
                .map(|metadata| metadata.uid()),
            cgroups: cgroups
                .lines()
                .filter_map(|line| line.splitn(3, ':').nth(2).map(String::from))
                .collect(),
        }
    }

    fn is_meant(&self, rule: &ProcessRule) -> bool {
        match rule {
            ProcessRule::Pid(pid) => self.pid == *pid,
            ProcessRule::Name(name) => self.names.contains(name),
            ProcessRule::User(uid) => self.uid == Some(*uid),
            ProcessRule::Cgroup(path) => self.cgroups.iter().any(|own| is_within(own, path)),
        }
    }
}

/// A control group is that one or below it.
fn is_within(own: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    own.strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The rules as the kernel looks them up.
fn keys(rules: &ProcessFilter, generation: u32) -> HashMap<RuleKey, u32> {
    let mut keys = HashMap::new();
    let sides = [(&rules.include, INCLUDED), (&rules.exclude, EXCLUDED)];
    for (rules, said) in sides {
        // The kernel tells long names apart by their beginning only. Taking in too
        // much is mended behind it, leaving out too much is not.
        let is_exact = |rule: &&ProcessRule| match rule {
            ProcessRule::Name(name) => said == INCLUDED || name.len() <= NAME_LEN,
            _ => true,
        };
        for key in rules
            .iter()
            .filter(is_exact)
            .filter_map(|rule| key(rule, generation))
        {
            let before = keys.get(&key).copied().unwrap_or(UNNAMED);
            keys.insert(key, both(before, said));
        }
    }
    keys
}

fn key(rule: &ProcessRule, generation: u32) -> Option<RuleKey> {
    let mut value = [0; 16];
    let mut put = |bytes: &[u8]| {
        for (to, from) in value.iter_mut().zip(bytes) {
            *to = *from;
        }
    };
    let kind = match rule {
        ProcessRule::Pid(pid) => {
            put(&u64::from(*pid).to_ne_bytes());
            BY_PID
        }
        ProcessRule::User(uid) => {
            put(&u64::from(*uid).to_ne_bytes());
            BY_USER
        }
        ProcessRule::Name(name) => {
            put(name.as_bytes().get(..name.len().min(NAME_LEN))?);
            BY_NAME
        }
        // The number of a control group is that of its folder's inode.
        ProcessRule::Cgroup(path) => {
            let folder = Path::new("/sys/fs/cgroup").join(path.trim_start_matches('/'));
            put(&std::fs::metadata(folder).ok()?.ino().to_ne_bytes());
            BY_CGROUP
        }
    };
    Some(RuleKey {
        kind,
        generation,
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_meant_by_any_of_its_names() {
        let who = Who::read(std::process::id());
        let exe = std::env::current_exe().unwrap();
        let name = exe.file_name().unwrap().to_str().unwrap();
        assert!(who.is_meant(&ProcessRule::Name(String::from(name))));
        assert!(who.is_meant(&ProcessRule::Pid(std::process::id())));
        assert!(who.is_meant(&ProcessRule::User(rustix::process::geteuid().as_raw())));
        assert!(!who.is_meant(&ProcessRule::Name(String::from("no such program"))));
    }

    #[test]
    fn who_is_left_out_stays_out() {
        let pid = std::process::id();
        let rules = ProcessFilter {
            include: vec![ProcessRule::Pid(pid)],
            exclude: vec![ProcessRule::Pid(pid)],
        };
        assert_eq!(own_rule(&rules, pid), EXCLUDED);
        assert_eq!(
            keys(&rules, 1).into_values().collect::<Vec<_>>(),
            [EXCLUDED]
        );
    }

    #[test]
    fn a_control_group_holds_those_below_it() {
        assert!(is_within("/a/b", "/a") && is_within("/a", "/a/"));
        assert!(!is_within("/ab", "/a"));
    }

    #[test]
    fn a_name_is_looked_up_as_far_as_the_kernel_keeps_it() {
        let long = key(&ProcessRule::Name(String::from("a-very-long-program")), 1).unwrap();
        assert_eq!(&long.value, b"a-very-long-pro\0");
    }
}
