//! The processes that the capture told of.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use oisp_core::ProcessFacts;

/// How many processes that ended are still remembered: their last events, and
/// those of their children, may come after the exit.
const MAX_ENDED: usize = 4096;

/// Most processes that are known at a time. No machine runs so many; a capture
/// file may tell of any number.
const MAX_KNOWN: usize = 1 << 17;

/// Facts by pid.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    known: HashMap<u32, Arc<ProcessFacts>>,
    ended: VecDeque<(u32, Arc<ProcessFacts>)>,
}

impl Processes {
    pub(crate) fn get(&self, pid: u32) -> Option<&Arc<ProcessFacts>> {
        self.known.get(&pid)
    }

    /// New facts of a process. What they leave open stays as it was told
    /// before.
    pub(crate) fn learn(&mut self, pid: u32, facts: &Arc<ProcessFacts>) {
        let merged = match self.known.get(&pid) {
            Some(before) if facts.ppid.is_none() || facts.uid.is_none() => Arc::new(ProcessFacts {
                ppid: facts.ppid.or(before.ppid),
                uid: facts.uid.or(before.uid),
                gid: facts.gid.or(before.gid),
                user: facts.user.clone().or_else(|| before.user.clone()),
                ..ProcessFacts::clone(facts)
            }),
            _ => facts.clone(),
        };
        self.keep(pid, merged);
    }

    fn keep(&mut self, pid: u32, facts: Arc<ProcessFacts>) {
        if self.known.len() >= MAX_KNOWN && !self.known.contains_key(&pid) {
            self.known.clear();
            self.ended.clear();
        }
        self.known.insert(pid, facts);
    }

    /// A child begins as a copy of its parent.
    pub(crate) fn forked(&mut self, parent: u32, child: u32) {
        if let Some(facts) = self.known.get(&parent) {
            let facts = ProcessFacts {
                pid: child,
                ppid: Some(parent),
                started: None,
                ..ProcessFacts::clone(facts)
            };
            self.keep(child, Arc::new(facts));
        }
    }

    pub(crate) fn exited(&mut self, pid: u32) {
        let Some(facts) = self.known.get(&pid) else {
            return;
        };
        self.ended.push_back((pid, facts.clone()));
        if self.ended.len() > MAX_ENDED
            && let Some((oldest, facts)) = self.ended.pop_front()
            // The pid may be another process's by now.
            && self.known.get(&oldest).is_some_and(|now| Arc::ptr_eq(now, &facts))
        {
            self.known.remove(&oldest);
        }
    }
}
