//! Finding TLS libraries and probing them: the thread `oisp-ebpf-attach`.
//!
//! At the start: the files that are known to carry TLS ([`known`]), so that the
//! first request of a program that starts later is seen, and everything that
//! running processes have mapped. Then: each file when code of it is mapped for the
//! first time ([`mapped`]), each new program a few times shortly after its start,
//! and all processes now and then, as far as their address
//! space changed.

mod ahead;
mod hint;
mod known;
pub(crate) mod mapped;
mod mapped_records;
mod planner;
mod prefix;
mod reach;
pub(crate) mod survey;
mod table;
mod target;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use oisp_core::capture::ProcessFilter;

use crate::budget::Budget;
pub(crate) use hint::Hints;
use mapped_records::Mapped;
pub(crate) use planner::{Parts, Planner, lock};
pub(crate) use view::{ProcessView, View};

/// What the attach thread is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A program was started in this process.
    Exec(u32),
    /// This process ended.
    Exit(u32),
    /// This process made a child.
    Fork(u32),
    /// From now on, observe those processes.
    Filter(ProcessFilter),
    /// This process talks to AI: from now on, tell of its files.
    Watch(u32),
    /// A process begins to run code of this file.
    Mapped(Mapped),
    /// Detach everything and end.
    Stop,
}

/// When a program is looked at after its start: its libraries are mapped after
/// the exec, some of them much later.
const LOOKS: [Duration; 3] = [
    Duration::from_millis(10),
    Duration::from_millis(150),
    Duration::from_millis(1000),
];
/// Beyond this many programs waiting to be looked at, new ones are left to the
/// next round over all processes.
const WAITING: usize = 512;

/// Runs until told to stop, or until nobody can tell any more.
pub(crate) fn run(
    mut planner: Planner,
    notices: &Receiver<Notice>,
    rescan: Duration,
    mut budget: Budget,
) {
    let mut waiting = Waiting::default();
    let mut next_round = Instant::now() + rescan;
    loop {
        let due = waiting
            .first()
            .map_or(next_round, |look| look.min(next_round))
            .min(budget.next_look());
        match notices.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(Notice::Exec(pid)) => {
                planner.started(pid);
                planner.look_at_program(pid);
                waiting.add(pid, Instant::now());
            }
            Ok(Notice::Exit(pid)) => planner.exited(pid),
            Ok(Notice::Fork(pid)) => planner.forked(pid),
            Ok(Notice::Filter(filter)) => planner.set_filter(filter),
            Ok(Notice::Watch(pid)) => planner.watch_files(pid),
            Ok(Notice::Mapped(mapped)) => planner.mapped(mapped),
            Ok(Notice::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now = Instant::now();
        for pid in waiting.take_due(now) {
            planner.look_at(pid);
        }
        if let Some(level) = budget.look(now) {
            planner.shed(level);
        }
        if now >= next_round {
            planner.round();
            next_round = Instant::now() + rescan;
        }
    }
}

/// Processes to look at, by time.
#[derive(Debug, Default)]
struct Waiting(BTreeMap<Instant, BTreeSet<u32>>);

impl Waiting {
    fn first(&self) -> Option<Instant> {
        self.0.keys().next().copied()
    }

    fn add(&mut self, pid: u32, now: Instant) {
        if self.0.len() >= WAITING {
            return;
        }
        for look in LOOKS {
            self.0.entry(now + look).or_default().insert(pid);
        }
    }

    fn take_due(&mut self, now: Instant) -> BTreeSet<u32> {
        let later = self.0.split_off(&(now + Duration::from_nanos(1)));
        std::mem::replace(&mut self.0, later)
            .into_values()
            .flatten()
            .collect()
    }
}

/// What the planner shows to others.
pub(crate) type SharedView = Arc<Mutex<View>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_program_is_looked_at_at_each_of_the_times() {
        let mut waiting = Waiting::default();
        let start = Instant::now();
        waiting.add(7, start);
        assert!(waiting.take_due(start).is_empty());
        for look in LOOKS {
            assert_eq!(waiting.take_due(start + look), BTreeSet::from([7]));
        }
        assert_eq!(waiting.first(), None);
    }

    #[test]
    fn a_storm_of_programs_does_not_fill_the_memory() {
        let mut waiting = Waiting::default();
        let start = Instant::now();
        for pid in 0..100_000 {
            waiting.add(pid, start + Duration::from_nanos(pid.into()));
        }
        assert!(waiting.0.len() <= WAITING + LOOKS.len());
    }
}
