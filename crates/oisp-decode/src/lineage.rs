//! Which process made which, from the capture's own records.
//!
//! Limit: [`MAX_KNOWN`] processes; [`MAX_DEPTH`] generations are looked at.

use std::collections::{HashMap, VecDeque};

use oisp_core::ProcessEvent;

/// Most processes that are known at a time.
const MAX_KNOWN: usize = 1 << 17;
/// How many processes that ended are still remembered: their children live on.
const MAX_ENDED: usize = 8192;
/// Longest chain of ancestors.
const MAX_DEPTH: usize = 64;

/// Parents by pid.
#[derive(Debug, Default)]
pub struct Lineage {
    known: HashMap<u32, Life>,
    ended: VecDeque<(u32, u64)>,
    lives: u64,
}

#[derive(Clone, Copy, Debug)]
struct Life {
    parent: u32,
    has_ended: bool,
    /// Tells the lives of one pid apart.
    number: u64,
}

impl Lineage {
    /// Learns from the life of process `pid`.
    pub fn learn(&mut self, pid: u32, event: &ProcessEvent) {
        match event {
            ProcessEvent::Fork { child_pid } => self.keep(*child_pid, pid),
            ProcessEvent::Seen(facts) | ProcessEvent::Exec(facts) => {
                // Who made it, not who took it in after that one's end.
                let is_known = self.known.get(&pid).is_some_and(|life| !life.has_ended);
                if let (false, Some(parent)) = (is_known, facts.ppid) {
                    self.keep(pid, parent);
                }
            }
            ProcessEvent::Exit { .. } => self.exited(pid),
        }
    }

    /// The process and those that it comes from, nearest first.
    pub fn of(&self, pid: u32) -> impl Iterator<Item = u32> {
        let parent_of = |pid: &u32| {
            let life = self.known.get(pid)?;
            Some(life.parent).filter(|parent| *parent != 0 && parent != pid)
        };
        std::iter::successors(Some(pid), parent_of).take(MAX_DEPTH)
    }

    fn keep(&mut self, pid: u32, parent: u32) {
        if self.known.len() >= MAX_KNOWN && !self.known.contains_key(&pid) {
            self.known.clear();
            self.ended.clear();
        }
        self.lives += 1;
        let life = Life {
            parent,
            has_ended: false,
            number: self.lives,
        };
        self.known.insert(pid, life);
    }

    fn exited(&mut self, pid: u32) {
        let Some(life) = self.known.get_mut(&pid) else {
            return;
        };
        life.has_ended = true;
        self.ended.push_back((pid, life.number));
        if self.ended.len() > MAX_ENDED
            && let Some((oldest, number)) = self.ended.pop_front()
            // The pid may be another process's by now.
            && self.known.get(&oldest).is_some_and(|life| life.number == number)
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use oisp_core::ProcessFacts;
    use oisp_core::raw::Usage;

    use super::*;

    fn exec(ppid: u32) -> ProcessEvent {
        ProcessEvent::Exec(Arc::new(ProcessFacts {
            ppid: Some(ppid),
            ..ProcessFacts::default()
        }))
    }

    const EXIT: ProcessEvent = ProcessEvent::Exit {
        code: Some(0),
        signal: None,
        core_dumped: false,
        runtime_ms: None,
        usage: Usage {
            cpu_user_ms: None,
            cpu_system_ms: None,
            max_rss_kb: None,
        },
    };

    fn chain(lineage: &Lineage, pid: u32) -> Vec<u32> {
        lineage.of(pid).collect()
    }

    #[test]
    fn a_process_that_was_taken_in_by_another_keeps_its_maker() {
        let mut lineage = Lineage::default();
        lineage.learn(5, &ProcessEvent::Fork { child_pid: 6 });
        lineage.learn(6, &ProcessEvent::Fork { child_pid: 7 });
        lineage.learn(6, &EXIT);
        lineage.learn(7, &exec(1));
        assert_eq!(chain(&lineage, 7), [7, 6, 5]);
    }

    #[test]
    fn a_number_that_is_used_again_is_another_process() {
        let mut lineage = Lineage::default();
        lineage.learn(5, &ProcessEvent::Fork { child_pid: 6 });
        lineage.learn(6, &EXIT);
        lineage.learn(6, &exec(9));
        assert_eq!(chain(&lineage, 6), [6, 9]);
        lineage.learn(8, &ProcessEvent::Fork { child_pid: 6 });
        assert_eq!(chain(&lineage, 6), [6, 8]);
    }

    #[test]
    fn a_circle_ends() {
        let mut lineage = Lineage::default();
        lineage.learn(5, &exec(6));
        lineage.learn(6, &exec(5));
        assert_eq!(lineage.of(5).count(), MAX_DEPTH);
    }

    #[test]
    fn what_ended_is_remembered_for_a_while() {
        let mut lineage = Lineage::default();
        for n in 0..20_000 {
            lineage.learn(1, &ProcessEvent::Fork { child_pid: n + 2 });
            lineage.learn(n + 2, &EXIT);
        }
        assert_eq!(lineage.known.len(), MAX_ENDED);
        assert_eq!(lineage.ended.len(), MAX_ENDED);
    }
}
