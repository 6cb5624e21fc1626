use super::*;
use oisp_core::Timestamp;

fn facts(pid: u32, ppid: u32, name: &str) -> Arc<ProcessFacts> {
    Arc::new(ProcessFacts {
        pid,
        ppid: Some(ppid),
        comm: Some(name.into()),
        ..ProcessFacts::default()
    })
}

fn names(processes: &Processes, pid: u32) -> Vec<String> {
    let above = processes.ancestors(pid);
    above
        .iter()
        .map(|facts| facts.comm.clone().unwrap_or_default())
        .collect()
}

/// init, and below it the agent and its shell, which were there before.
fn agent_and_shell() -> Processes {
    let mut processes = Processes::default();
    processes.learn(1, &facts(1, 0, "init"));
    processes.learn(10, &facts(10, 1, "agent"));
    processes.learn(11, &facts(11, 10, "sh"));
    processes
}

#[test]
fn a_process_that_leaves_keeps_the_ancestors_that_it_had() {
    let mut processes = agent_and_shell();
    processes.forked(11, 12);
    processes.learn(12, &facts(12, 11, "python3"));
    // It forks twice, the process between ends, and init takes what is left.
    processes.forked(12, 13);
    processes.forked(13, 14);
    processes.exited(13, Timestamp::default());
    processes.learn(14, &facts(14, 1, "daemon"));
    let all = ["python3", "python3", "sh", "agent", "init"];
    assert_eq!(names(&processes, 14), all);
    assert_eq!(processes.get(14).and_then(|facts| facts.ppid), Some(1));
    // All of them end, and so do many others.
    for pid in [12, 11, 10] {
        processes.exited(pid, Timestamp::default());
    }
    for pid in 100_000..110_000 {
        processes.learn(pid, &facts(pid, 1, "other"));
        processes.exited(pid, Timestamp::default());
    }
    assert!(processes.get(12).is_none());
    assert_eq!(names(&processes, 14), all);
    // Its own children have them too.
    processes.forked(14, 15);
    assert_eq!(names(&processes, 15)[0], "daemon");
    assert_eq!(names(&processes, 15)[1..], all);
}

#[test]
fn a_parent_that_becomes_another_program_was_what_it_was() {
    let mut processes = agent_and_shell();
    processes.forked(11, 12);
    processes.learn(11, &facts(11, 10, "other"));
    assert_eq!(names(&processes, 12), ["sh", "agent", "init"]);
    processes.forked(11, 13);
    assert_eq!(names(&processes, 13), ["other", "agent", "init"]);
}

#[test]
fn a_number_that_is_used_again_has_new_ancestors() {
    let mut processes = agent_and_shell();
    processes.forked(11, 12);
    processes.exited(12, Timestamp::default());
    processes.learn(12, &facts(12, 1, "service"));
    assert_eq!(names(&processes, 12), ["init"]);
    // The same where the end was missed, by the time of the start.
    let started = |pid, ppid, name, seconds: u64| {
        Arc::new(ProcessFacts {
            started: Some(Timestamp::from_nanos(seconds * 1_000_000_000)),
            ..ProcessFacts::clone(&facts(pid, ppid, name))
        })
    };
    processes.learn(20, &started(20, 11, "tool", 100));
    processes.learn(20, &started(20, 1, "service", 200));
    assert_eq!(names(&processes, 20), ["init"]);
    // And by a fork whose parent nobody knows.
    processes.forked(77, 20);
    assert!(processes.get(20).is_none());
}

#[test]
fn parents_that_are_told_later_are_found() {
    let mut processes = Processes::default();
    processes.learn(12, &facts(12, 11, "python3"));
    assert!(names(&processes, 12).is_empty());
    processes.learn(11, &facts(11, 11, "sh"));
    assert_eq!(names(&processes, 12), ["sh"]);
    assert!(names(&processes, 11).is_empty() && names(&processes, 99).is_empty());
}

#[test]
fn a_line_of_forks_has_a_bound() {
    let mut processes = agent_and_shell();
    for pid in 12..2000 {
        processes.forked(pid - 1, pid);
        processes.exited(pid - 1, Timestamp::default());
    }
    assert_eq!(names(&processes, 1999).len(), MAX_ANCESTORS);
}

#[test]
fn a_process_is_forgotten_some_time_after_its_end() {
    let at = |seconds: u64| Timestamp::from_nanos(seconds * 1_000_000_000);
    let mut processes = agent_and_shell();
    processes.learn(20, &facts(20, 11, "tool"));
    processes.learn(21, &facts(21, 11, "tool"));
    assert!(processes.exited(20, at(1000)).is_empty());
    assert!(processes.get(20).is_some());
    assert_eq!(processes.exited(21, at(1000 + 301)), [20]);
    assert!(processes.get(20).is_none() && processes.get(21).is_some());
}
