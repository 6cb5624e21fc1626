//! kill -9 at any moment loses nothing that was committed and tears nothing.
//!
//! A child process of this test appends under load while a sink delivers into a
//! file, line by line, each on disk before it is committed. It is killed at a
//! random moment; what it left is held against what it said. Rounds:
//! `OISP_CRASH_ROUNDS`, 200 unless told.

#![cfg(unix)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use oisp_store::{EventLog, LogSettings};
use rusqlite::Connection;
use support::{hasty, text_event};

/// The child runs the same test, and finds its folder here.
const TEST: &str = "nothing_committed_is_lost_and_nothing_is_torn";
const CHILD: &str = "OISP_CRASH_CHILD";

fn settings() -> LogSettings {
    LogSettings {
        group: Duration::from_millis(2),
        ..hasty()
    }
}

/// The child: appends until it is killed. Says on standard output what is
/// committed, and writes to `sink` what is delivered.
fn work(dir: &Path) -> ! {
    let log = EventLog::open(&dir.join("events.db"), settings()).unwrap();
    let delivering = log.clone();
    let delivered = dir.join("sink");
    std::thread::spawn(move || deliver(&delivering, &delivered));
    let run = std::process::id();
    println!("open {}", log.last_seq());
    let mut n = 0u32;
    loop {
        n += 1;
        let text = format!("event {n} {}", "of some length ".repeat((n % 40) as usize));
        let seq = log.append(text_event(&format!("{run}-{n}"), &text));
        if n.is_multiple_of(16) && log.flush(Duration::from_secs(60)) {
            // A line at once; the reader takes only whole ones.
            println!("committed {seq} {run}-{n}");
        }
    }
}

fn deliver(log: &EventLog, path: &Path) {
    let mut sink = log.sink_cursor_from_start("sink");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    loop {
        let batch = sink.read(20);
        if batch.is_empty() {
            std::thread::yield_now();
            continue;
        }
        let lines: String = batch
            .iter()
            .map(|stored| format!("{} {}\n", stored.seq, stored.event.id()))
            .collect();
        file.write_all(lines.as_bytes()).unwrap();
        file.sync_data().unwrap();
        sink.commit();
    }
}

#[derive(Default)]
struct Account {
    /// Position and id of everything that was said to be committed.
    committed: HashMap<u64, String>,
    last: u64,
}

#[test]
fn nothing_committed_is_lost_and_nothing_is_torn() {
    if let Some(dir) = std::env::var_os(CHILD) {
        work(Path::new(&dir));
    }
    let rounds = std::env::var("OISP_CRASH_ROUNDS").map_or(200, |rounds| rounds.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut account = Account::default();
    let mut random = 0x9e37_79b9_7f4a_7c15u64 ^ u64::from(std::process::id());
    for round in 0..rounds {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        run_and_kill(
            dir.path(),
            Duration::from_micros(random % 60_000),
            &mut account,
        );
        check(dir.path(), &account, round);
    }
    assert!(account.committed.len() > rounds, "the children got to work");
    everything_is_delivered(dir.path());
}

/// Kills the child after it opened the log and worked for `after`.
fn run_and_kill(dir: &Path, after: Duration, account: &mut Account) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture", "--test-threads=1"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut kill_at: Option<Instant> = None;
    let mut line = String::new();
    loop {
        line.clear();
        let read = said.read_line(&mut line).unwrap();
        if read == 0 || !line.ends_with('\n') {
            break;
        }
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            // The test harness's own words may stand before it.
            [.., "open", last] => {
                let last: u64 = last.parse().unwrap();
                assert!(
                    last >= account.last,
                    "positions go on: {last} after {}",
                    account.last
                );
                kill_at = Some(Instant::now() + after);
                let pid = rustix::process::Pid::from_child(&child);
                std::thread::spawn(move || {
                    std::thread::sleep(after);
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                });
            }
            ["committed", seq, id] => {
                let seq = seq.parse().unwrap();
                account.last = account.last.max(seq);
                assert_eq!(account.committed.insert(seq, (*id).to_owned()), None);
            }
            _ => {}
        }
    }
    child.wait().unwrap();
    assert!(kill_at.is_some(), "the child did not open the log");
}

/// Holds the files against what was said, as they are.
fn check(dir: &Path, account: &Account, round: usize) {
    let db = Connection::open(dir.join("events.db")).unwrap();
    if round.is_multiple_of(20) {
        let verdict: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok", "round {round}");
    }
    let stored = stored(&db);
    for (seq, id) in &account.committed {
        assert_eq!(
            stored.get(seq),
            Some(id),
            "round {round}: {seq} was committed"
        );
    }
    let ids: HashSet<_> = stored.values().collect();
    assert_eq!(ids.len(), stored.len(), "round {round}: no id twice");
    let next = db.query_row("SELECT next FROM sinks", [], |row| row.get::<_, i64>(0));
    let next = next.map_or(1, |next| u64::try_from(next).unwrap());
    let delivered = delivered(dir);
    for seq in stored.keys().filter(|seq| **seq < next) {
        assert!(
            delivered.contains(seq),
            "round {round}: {seq} is passed, but not delivered"
        );
    }
    assert!(
        delivered.iter().all(|seq| stored.contains_key(seq)),
        "round {round}: only what is committed is delivered"
    );
}

fn stored(db: &Connection) -> HashMap<u64, String> {
    let mut events = db.prepare("SELECT seq, event_id FROM events").unwrap();
    let rows = events
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
        .unwrap();
    rows.map(|row| {
        row.map(|(seq, id)| (u64::try_from(seq).unwrap(), id))
            .unwrap()
    })
    .collect()
}

/// The positions on whole lines of the sink's file.
fn delivered(dir: &Path) -> HashSet<u64> {
    let text = fs::read_to_string(dir.join("sink")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let position = |line: &str| line.split(' ').next().unwrap().parse().unwrap();
    whole
        .lines()
        .filter(|line| !line.is_empty())
        .map(position)
        .collect()
}

/// One that is not killed delivers the rest: together there is no gap.
fn everything_is_delivered(dir: &Path) {
    let log = EventLog::open(&dir.join("events.db"), settings()).unwrap();
    let mut sink = log.sink_cursor_from_start("sink");
    let mut seqs = delivered(dir);
    loop {
        let batch = sink.read(500);
        if batch.is_empty() {
            break;
        }
        seqs.extend(batch.iter().map(|stored| stored.seq));
        sink.commit();
    }
    assert_eq!(sink.missed(), 0);
    drop((sink, log));
    let stored = stored(&Connection::open(dir.join("events.db")).unwrap());
    assert_eq!(seqs, stored.keys().copied().collect());
}
