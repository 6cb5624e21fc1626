//! Whether files are probed for every process or for a few.
//!
//! A probe costs each process that runs into it a trap, observed or not. Where a
//! few processes are named by their ids, the probes are for those alone, and
//! cost the others nothing.

use std::collections::BTreeSet;

use oisp_core::capture::{ProcessFilter, ProcessRule};

use crate::object::Scope;

/// Beyond this many processes the probes are for everyone.
const FEW: usize = 16;

/// Which processes files are probed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every process, also one that starts later: nothing is missed of its first
    /// moments.
    Everyone,
    /// These alone.
    Only(BTreeSet<u32>),
}

impl Reach {
    /// The least that the rules allow. A name, a user or a control group may gain
    /// a process at any time, which must be probed before it starts.
    pub(crate) fn of(rules: &ProcessFilter) -> Self {
        let pid = |rule: &ProcessRule| match rule {
            ProcessRule::Pid(pid) => Some(*pid),
            _ => None,
        };
        let pids: Option<BTreeSet<u32>> = rules.include.iter().map(pid).collect();
        match pids.filter(|pids| !pids.is_empty() && pids.len() <= FEW) {
            Some(pids) if !pids.iter().any(|pid| has_children(*pid)) => Self::Only(pids),
            _ => Self::Everyone,
        }
    }

    /// Whether files are probed for that process.
    pub(crate) fn holds(&self, pid: u32) -> bool {
        match self {
            Self::Everyone => true,
            Self::Only(pids) => pids.contains(&pid),
        }
    }

    /// How a file is probed for that process; not at all where it is none of
    /// them.
    pub(crate) fn scope(&self, pid: u32) -> Option<Scope> {
        match self {
            Self::Everyone => Some(Scope::AllProcesses),
            Self::Only(pids) => pids.contains(&pid).then_some(Scope::Process(pid)),
        }
    }

    /// In words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Everyone => String::from("all processes"),
            Self::Only(pids) => {
                let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
                format!("processes {}", pids.join(", "))
            }
        }
    }
}

fn has_children(pid: u32) -> bool {
    let tasks = std::fs::read_dir(crate::process::path(pid, "task"));
    tasks.into_iter().flatten().flatten().any(|task| {
        let children = std::fs::read_to_string(task.path().join("children"));
        children.is_ok_and(|children| !children.trim().is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(include: Vec<ProcessRule>) -> Reach {
        Reach::of(&ProcessFilter {
            include,
            exclude: Vec::new(),
        })
    }

    #[test]
    fn only_ids_of_processes_without_children_are_few() {
        let nobody = u32::MAX;
        assert_eq!(
            of(vec![ProcessRule::Pid(nobody)]),
            Reach::Only(BTreeSet::from([nobody]))
        );
        assert_eq!(of(vec![]), Reach::Everyone);
        let named = ProcessRule::Name(String::from("x"));
        assert_eq!(of(vec![ProcessRule::Pid(nobody), named]), Reach::Everyone);
        assert_eq!(
            of((0..100).map(|pid| ProcessRule::Pid(nobody - pid)).collect()),
            Reach::Everyone
        );
        // This test's parent has a child: this test.
        let parent = std::os::unix::process::parent_id();
        assert_eq!(of(vec![ProcessRule::Pid(parent)]), Reach::Everyone);
    }

    #[test]
    fn the_scope_is_that_of_the_process() {
        let only = Reach::Only(BTreeSet::from([7]));
        assert_eq!(only.scope(7), Some(Scope::Process(7)));
        assert_eq!(only.scope(8), None);
        assert_eq!(Reach::Everyone.scope(8), Some(Scope::AllProcesses));
        assert_eq!(only.describe(), "processes 7");
    }
}
