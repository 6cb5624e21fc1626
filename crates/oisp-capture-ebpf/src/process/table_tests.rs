use super::*;

fn empty() -> Table {
    Table {
        entries: HashMap::new(),
        forked: HashMap::new(),
        ended: VecDeque::new(),
        shared: Shared::load(),
    }
}

#[test]
fn a_process_is_told_once_and_after_its_parents() {
    let mut table = empty();
    let clock = WallClock::measure();
    let pid = std::process::id();
    let told: Vec<u32> = table
        .introduce(pid, 0, clock)
        .into_iter()
        .map(|(pid, _)| pid)
        .collect();
    assert_eq!(told.last(), Some(&pid));
    assert!(told.contains(&std::os::unix::process::parent_id()));
    assert!(table.introduce(pid, 0, clock).is_empty());
}

#[test]
fn a_child_that_is_gone_is_a_copy_of_its_parent() {
    let mut table = empty();
    let clock = WallClock::measure();
    let (parent, child) = (std::process::id(), u32::MAX - 1);
    table.introduce(parent, 0, clock);
    table.fork(parent, child);
    let told = table.introduce(child, 0, clock);
    let [(_, ProcessEvent::Seen(facts))] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!((facts.pid, facts.ppid), (child, Some(parent)));
    assert!(facts.exe.is_some());
}

#[test]
fn a_reused_pid_is_another_process() {
    let mut table = empty();
    let clock = WallClock::measure();
    let gone = u32::MAX - 2;
    table.introduce(gone, 10_000_000_000, clock);
    assert_eq!(table.next_connection(gone), 0);
    assert_eq!(table.next_connection(gone), 1);
    assert_eq!(table.introduce(gone, 10_000_000_000, clock).len(), 0);
    assert_eq!(table.introduce(gone, 20_000_000_000, clock).len(), 1);
    assert_eq!(table.next_connection(gone), 0);
}

#[test]
fn an_end_that_two_threads_tell_is_one() {
    let mut table = empty();
    assert!(table.ends(7, 100));
    assert!(!table.ends(7, 100));
    assert!(table.ends(7, 200));
    assert!(table.ends(8, 0) && table.ends(8, 0));
    for pid in 0..1000 {
        table.ends(pid, 300);
    }
    assert_eq!(table.ended.len(), ENDED);
}

#[test]
fn what_proc_shows_is_of_the_record_where_the_arguments_are() {
    let args = |list: &[&str]| Some(list.iter().map(|arg| String::from(*arg)).collect());
    let shown = |list: &[&str]| ProcessFacts {
        args: args(list),
        ..ProcessFacts::default()
    };
    let mut told = Told::default();
    assert!(told.is_of(&shown(&["a"])) && told.is_of(&ProcessFacts::default()));
    told.first_args = vec![String::from("a"), String::from("b")];
    assert!(told.is_of(&shown(&["a", "b", "c"])));
    assert!(!told.is_of(&shown(&["a", "c"])) && !told.is_of(&ProcessFacts::default()));
    told.first_args.clear();
    told.facts.args = args(&["a", "b"]);
    assert!(told.is_of(&shown(&["a", "b"])));
    assert!(!told.is_of(&shown(&["a", "b", "c"])) && !told.is_of(&ProcessFacts::default()));
}

#[test]
fn a_process_that_ended_is_not_the_next_one_with_its_pid() {
    let mut table = empty();
    let (second, pid) = (1_000_000_000, u32::MAX - 4);
    assert!(table.has_ended(pid, second));
    table.introduce(pid, 2 * second, WallClock::measure());
    assert!(table.has_ended(pid, second));
    assert!(!table.has_ended(pid, 2 * second));
    assert!(!table.has_ended(std::process::id(), 0));
}

#[test]
fn what_ended_unseen_is_told_from_its_last_record() {
    let mut table = empty();
    let pid = u32::MAX - 3;
    let facts = ProcessFacts {
        pid,
        comm: Some(String::from("gone")),
        ..ProcessFacts::default()
    };
    let record = Told {
        start_ns: 5,
        facts,
        ..Told::default()
    };
    let told = table.ending(pid, record, WallClock::measure());
    let [(_, ProcessEvent::Seen(facts))] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(facts.comm.as_deref(), Some("gone"));
    assert_eq!(table.prune(), [pid]);
}
