//! The processes that the capture told of, and who made them.
//!
//! A process keeps its ancestors as they were when it was made: they may end, or
//! become other programs, and it may be handed to another parent.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use oisp_core::{ProcessFacts, Timestamp};

/// So long is a process remembered after its end: its last events, and those of
/// its children, may come after the exit.
const AFTER_MS: u64 = 5 * 60 * 1000;

/// How many processes that ended are remembered at most.
const MAX_ENDED: usize = 4096;

/// Longest chain of ancestors that is kept.
pub(crate) const MAX_ANCESTORS: usize = 16;

/// Most processes that are known at a time. No machine runs so many; a capture
/// file may tell of any number.
const MAX_KNOWN: usize = 1 << 17;

/// The ancestors of a process, the nearest first.
pub(crate) type Ancestors = Arc<[Arc<ProcessFacts>]>;

#[derive(Clone, Debug)]
struct Known {
    facts: Arc<ProcessFacts>,
    /// As at its making; `None` where that was not told.
    ancestors: Option<Ancestors>,
    ended: bool,
}

/// Processes by pid.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    known: HashMap<u32, Known>,
    ended: VecDeque<Ended>,
}

#[derive(Debug)]
struct Ended {
    pid: u32,
    facts: Arc<ProcessFacts>,
    at: Timestamp,
}

impl Processes {
    pub(crate) fn get(&self, pid: u32) -> Option<&Arc<ProcessFacts>> {
        Some(&self.known.get(&pid)?.facts)
    }

    /// Who made that process, who made that one, and so on.
    pub(crate) fn ancestors(&self, pid: u32) -> Ancestors {
        let known = self.known.get(&pid);
        match known.and_then(|known| known.ancestors.clone()) {
            Some(ancestors) => ancestors,
            None => known.map_or_else(Ancestors::default, |known| self.above(&known.facts)),
        }
    }

    /// The parent, and its ancestors.
    fn above(&self, facts: &ProcessFacts) -> Ancestors {
        let mut chain: Vec<Arc<ProcessFacts>> = Vec::new();
        let mut next = facts.ppid.filter(|ppid| *ppid != facts.pid);
        while let Some(parent) = next.and_then(|pid| self.known.get(&pid)) {
            let is_in_it = chain.iter().any(|one| one.pid == parent.facts.pid);
            // A table that says A is below B and B below A must not hang us.
            if chain.len() == MAX_ANCESTORS || is_in_it || parent.facts.pid == facts.pid {
                break;
            }
            chain.push(Arc::clone(&parent.facts));
            if let Some(above) = &parent.ancestors {
                let room = MAX_ANCESTORS - chain.len();
                let others = above.iter().take_while(|one| one.pid != facts.pid);
                chain.extend(others.take(room).cloned());
                break;
            }
            next = parent.facts.ppid;
        }
        chain.into()
    }

    /// New facts of a process. What they leave open stays as it was told
    /// before.
    pub(crate) fn learn(&mut self, pid: u32, facts: &Arc<ProcessFacts>) {
        let before = self.known.get(&pid).filter(|before| before.is_of(facts));
        let merged = match before.map(|before| &before.facts) {
            Some(before) if facts.ppid.is_none() || facts.uid.is_none() => Arc::new(ProcessFacts {
                ppid: facts.ppid.or(before.ppid),
                uid: facts.uid.or(before.uid),
                gid: facts.gid.or(before.gid),
                user: facts.user.clone().or_else(|| before.user.clone()),
                ..ProcessFacts::clone(facts)
            }),
            _ => facts.clone(),
        };
        let made = before.and_then(|before| before.ancestors.clone());
        let ancestors =
            made.or_else(|| Some(self.above(&merged)).filter(|chain| !chain.is_empty()));
        self.keep(pid, merged, ancestors);
    }

    fn keep(&mut self, pid: u32, facts: Arc<ProcessFacts>, ancestors: Option<Ancestors>) {
        if self.known.len() >= MAX_KNOWN && !self.known.contains_key(&pid) {
            self.known.clear();
            self.ended.clear();
        }
        let known = Known {
            facts,
            ancestors,
            ended: false,
        };
        self.known.insert(pid, known);
    }

    /// A child begins as a copy of its parent.
    pub(crate) fn forked(&mut self, parent: u32, child: u32) {
        let Some(from) = self.known.get(&parent) else {
            // It may have been another process's number.
            self.known.remove(&child);
            return;
        };
        let facts = ProcessFacts {
            pid: child,
            ppid: Some(parent),
            started: None,
            ..ProcessFacts::clone(&from.facts)
        };
        let ancestors = self.above(&facts);
        self.keep(child, Arc::new(facts), Some(ancestors));
    }

    /// A process ended. Tells which are remembered no longer.
    pub(crate) fn exited(&mut self, pid: u32, at: Timestamp) -> Vec<u32> {
        if let Some(known) = self.known.get_mut(&pid) {
            known.ended = true;
            let facts = known.facts.clone();
            self.ended.push_back(Ended { pid, facts, at });
        }
        std::iter::from_fn(|| self.forget_oldest(at)).collect()
    }

    fn forget_oldest(&mut self, now: Timestamp) -> Option<u32> {
        let oldest = self.ended.front()?;
        if self.ended.len() <= MAX_ENDED && now.millis_since(oldest.at) < AFTER_MS {
            return None;
        }
        let Ended { pid, facts, .. } = self.ended.pop_front()?;
        // The pid may be another process's by now.
        let known = self.known.get(&pid);
        if known.is_some_and(|now| Arc::ptr_eq(&now.facts, &facts)) {
            self.known.remove(&pid);
        }
        Some(pid)
    }
}

impl Known {
    /// These are new facts of the same process, and not of a later one with its
    /// number.
    fn is_of(&self, facts: &ProcessFacts) -> bool {
        let same = match (self.facts.started, facts.started) {
            (Some(before), Some(now)) => before.as_millis().abs_diff(now.as_millis()) < CLOCK_MS,
            _ => true,
        };
        same && !self.ended
    }
}

/// The start of one process is told in wall-clock time each time it is told; the
/// clock may have been set a little in between.
const CLOCK_MS: u64 = 1000;

#[cfg(test)]
#[path = "processes_tests.rs"]
mod tests;
