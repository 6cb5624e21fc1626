//! The processes that the capture knows of, and which of them it has told.
//!
//! A process is told of (`Seen`) before its first other event, and its parents
//! before it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use oisp_core::{ProcessEvent, ProcessFacts};

use super::facts::Shared;
use super::{facts, stat};
use crate::clock::WallClock;

#[derive(Debug)]
struct Entry {
    /// In the resolution of `/proc`.
    start_ns: u64,
    facts: Arc<ProcessFacts>,
    told: bool,
    /// Connections so far: each gets the number before.
    connections: u32,
}

/// What the kernel told of a process at its exec or exit, for one that `/proc`
/// does not show any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// In nanoseconds since boot; 0 where unknown.
    pub(crate) start_ns: u64,
    /// What the record had.
    pub(crate) facts: ProcessFacts,
    /// The first arguments, where it had not all of them.
    pub(crate) first_args: Vec<String>,
    /// Id of the control group.
    pub(crate) cgroup: u64,
}

impl Told {
    /// What `/proc` shows is of the program that the record is of.
    fn is_of(&self, shown: &ProcessFacts) -> bool {
        match (&self.facts.args, &shown.args) {
            (Some(told), shown) => shown.as_ref() == Some(told),
            (None, Some(shown)) => shown.starts_with(&self.first_args),
            (None, None) => self.first_args.is_empty(),
        }
    }
}

/// Processes by id.
#[derive(Debug)]
pub(crate) struct Table {
    entries: HashMap<u32, Entry>,
    /// Children that did nothing yet: the parent each was copied from.
    forked: HashMap<u32, u32>,
    /// The processes that ended last, by id and start.
    ended: VecDeque<(u32, u64)>,
    shared: Shared,
}

/// Ends that are remembered: a second record of one is close to the first.
const ENDED: usize = 256;
/// How far up a tree is followed: a chain this long is not one.
const ANCESTORS: usize = 64;

impl Table {
    /// A table of the processes that run now. Their facts are kept, so that what
    /// is told at the end of one does not depend on what `/proc` still shows.
    pub(crate) fn of_running(clock: WallClock) -> Self {
        let mut table = Self {
            entries: HashMap::new(),
            forked: HashMap::new(),
            ended: VecDeque::new(),
            shared: Shared::load(),
        };
        for pid in super::all() {
            table.look(pid, clock);
        }
        table
    }

    /// What is known of each.
    pub(crate) fn facts(&self) -> impl Iterator<Item = &ProcessFacts> {
        self.entries.values().map(|entry| &*entry.facts)
    }

    /// Reads a process into the table. False where it is over or the kernel's.
    fn look(&mut self, pid: u32, clock: WallClock) -> bool {
        let Some(stat) = stat::read(pid).filter(|stat| !stat.is_kernel && !stat.is_dead) else {
            return false;
        };
        let facts = Arc::new(facts::read(pid, &stat, &mut self.shared, clock));
        self.entries.insert(
            pid,
            Entry {
                start_ns: stat.start_ns,
                facts,
                told: false,
                connections: 0,
            },
        );
        true
    }

    /// What must be told before an event of that process: itself and its
    /// parents, the oldest first. `start_ns` is 0 where the event does not say.
    pub(crate) fn introduce(
        &mut self,
        pid: u32,
        start_ns: u64,
        clock: WallClock,
    ) -> Vec<(u32, ProcessEvent)> {
        self.forget_predecessor(pid, start_ns);
        let mut told = Vec::new();
        let mut next = Some(pid);
        while let Some(pid) = next.filter(|_| told.len() < ANCESTORS) {
            if !self.entries.contains_key(&pid) && !self.look(pid, clock) {
                self.copy_of_parent(pid, start_ns);
            }
            let Some(entry) = self.entries.get_mut(&pid).filter(|entry| !entry.told) else {
                break;
            };
            entry.told = true;
            told.push((pid, ProcessEvent::Seen(Arc::clone(&entry.facts))));
            next = entry.facts.ppid;
        }
        told.reverse();
        told
    }

    /// A pid may be used again by the time its former process's end is known.
    fn forget_predecessor(&mut self, pid: u32, start_ns: u64) {
        let start_ns = stat::in_ticks(start_ns);
        let other =
            |entry: &Entry| start_ns != 0 && entry.start_ns != 0 && entry.start_ns != start_ns;
        if self.entries.get(&pid).is_some_and(other) {
            self.entries.remove(&pid);
        }
    }

    /// A child that is gone and never ran a program of its own was a copy of its
    /// parent.
    fn copy_of_parent(&mut self, pid: u32, start_ns: u64) {
        let parent = self.forked.get(&pid).copied();
        let mut facts = parent
            .and_then(|parent| self.entries.get(&parent))
            .map_or_else(ProcessFacts::default, |parent| (*parent.facts).clone());
        facts.pid = pid;
        facts.ppid = parent;
        facts.started = None;
        let entry = Entry {
            start_ns: stat::in_ticks(start_ns),
            facts: Arc::new(facts),
            told: false,
            connections: 0,
        };
        self.entries.insert(pid, entry);
    }

    /// A program was started: what `/proc` shows now, and what the record had
    /// where that is more.
    pub(crate) fn exec(&mut self, pid: u32, record: Told, clock: WallClock) -> Arc<ProcessFacts> {
        let start_ns = record.start_ns;
        self.forked.remove(&pid);
        let connections = self.entries.get(&pid).map_or(0, |entry| entry.connections);
        let stat =
            stat::read(pid).filter(|stat| same_process(stat.start_ns, start_ns) && !stat.is_dead);
        let shown = stat
            .as_ref()
            .map(|stat| facts::read(pid, stat, &mut self.shared, clock));
        // The process may have gone on to another program since.
        let shown = shown.filter(|shown| record.is_of(shown));
        let start_ns = stat.map_or_else(|| stat::in_ticks(start_ns), |stat| stat.start_ns);
        let facts = Arc::new(self.merge(record, shown));
        self.entries.insert(
            pid,
            Entry {
                start_ns,
                facts: Arc::clone(&facts),
                told: true,
                connections,
            },
        );
        facts
    }

    fn merge(&mut self, record: Told, shown: Option<ProcessFacts>) -> ProcessFacts {
        let Told {
            facts: told,
            cgroup,
            ..
        } = record;
        let shown = shown.unwrap_or_else(|| self.of_group(told.pid, cgroup));
        let uid = shown.uid.or(told.uid);
        ProcessFacts {
            pid: told.pid,
            ppid: told.ppid.or(shown.ppid),
            exe: shown.exe.or(told.exe),
            comm: told.comm.or(shown.comm),
            args: shown.args.or(told.args),
            script: shown.script.or(told.script),
            cwd: shown.cwd,
            uid,
            gid: shown.gid.or(told.gid),
            user: shown
                .user
                .or_else(|| uid.and_then(|uid| self.shared.users.name(uid))),
            started: shown.started.or(told.started),
            cgroup: shown.cgroup,
            container: shown.container,
            bundle_id: None,
        }
    }

    /// What the control group alone tells.
    fn of_group(&mut self, pid: u32, id: u64) -> ProcessFacts {
        let group = (id != 0).then(|| self.shared.group_of(pid, id)).flatten();
        let (cgroup, container) = group.map(|group| (group.path, group.container)).unzip();
        ProcessFacts {
            cgroup,
            container: container.flatten(),
            ..ProcessFacts::default()
        }
    }

    /// A process made a child.
    pub(crate) fn fork(&mut self, parent: u32, child: u32) {
        self.entries.remove(&child);
        self.forked.insert(child, parent);
    }

    /// A process of which nothing but its end is known.
    pub(crate) fn ending(
        &mut self,
        pid: u32,
        record: Told,
        clock: WallClock,
    ) -> Vec<(u32, ProcessEvent)> {
        self.forget_predecessor(pid, record.start_ns);
        if !self.entries.contains_key(&pid) && !self.forked.contains_key(&pid) {
            let start_ns = stat::in_ticks(record.start_ns);
            let facts = self.merge(record.clone(), None);
            self.entries.insert(
                pid,
                Entry {
                    start_ns,
                    facts: Arc::new(facts),
                    told: false,
                    connections: 0,
                },
            );
        }
        self.introduce(pid, record.start_ns, clock)
    }

    /// Notes the end of a process; false where it was told before.
    pub(crate) fn ends(&mut self, pid: u32, start_ns: u64) -> bool {
        let which = (pid, start_ns);
        if start_ns != 0 && self.ended.contains(&which) {
            return false;
        }
        if self.ended.len() >= ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(which);
        true
    }

    /// A process ended.
    pub(crate) fn exit(&mut self, pid: u32) {
        self.entries.remove(&pid);
        self.forked.remove(&pid);
    }

    /// That process is over: what is told of it comes late.
    pub(crate) fn has_ended(&self, pid: u32, start_ns: u64) -> bool {
        match self.entries.get(&pid) {
            Some(entry) => start_ns != 0 && entry.start_ns > stat::in_ticks(start_ns),
            None if self.forked.contains_key(&pid) => false,
            None => stat::read(pid).is_none_or(|stat| !same_process(stat.start_ns, start_ns)),
        }
    }

    /// When a process in the table started, in nanoseconds since boot; 0 where
    /// unknown.
    pub(crate) fn start_ns(&self, pid: u32) -> u64 {
        self.entries.get(&pid).map_or(0, |entry| entry.start_ns)
    }

    /// The number of a new connection of that process.
    pub(crate) fn next_connection(&mut self, pid: u32) -> u32 {
        let Some(entry) = self.entries.get_mut(&pid) else {
            return 0;
        };
        let number = entry.connections;
        entry.connections = number.saturating_add(1);
        number
    }

    /// Removes processes whose end was missed, and returns them.
    pub(crate) fn prune(&mut self) -> Vec<u32> {
        let gone: Vec<u32> = self
            .entries
            .iter()
            .filter(|(pid, entry)| {
                stat::read(**pid).is_none_or(|stat| !same_process(stat.start_ns, entry.start_ns))
            })
            .map(|(pid, _)| *pid)
            .collect();
        for pid in &gone {
            self.entries.remove(pid);
        }
        self.forked.retain(|child, _| stat::read(*child).is_some());
        gone
    }
}

fn same_process(shown_ns: u64, told_ns: u64) -> bool {
    told_ns == 0 || shown_ns == stat::in_ticks(told_ns)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
