//! What is deleted, when, and who is told.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use oisp_store::{EventLog, Filter, LogSettings};
use support::{PATIENCE, event, hasty, ids, open, text_event};

const MIB: u64 = 1 << 20;

/// Opens a log whose events are old at once.
fn open_forgetful(path: &Path) -> EventLog {
    let settings = LogSettings {
        max_age: Some(Duration::ZERO),
        ..hasty()
    };
    EventLog::open(path, settings).unwrap()
}

fn open_small(path: &Path) -> EventLog {
    let settings = LogSettings {
        max_bytes: 2 * MIB,
        ..hasty()
    };
    EventLog::open(path, settings).unwrap()
}

/// Waits for what the log does by itself.
fn eventually(log: &EventLog, what: &str, holds: impl Fn(&EventLog) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds(log) {
        assert!(Instant::now() < deadline, "{what}: {:?}", log.status());
        std::thread::yield_now();
    }
}

/// 16 KiB of words that are each new.
fn page(n: usize) -> String {
    (0..2_000)
        .map(|word| format!("w{:x} ", n * 2_000 + word))
        .collect()
}

fn fill(log: &EventLog, from: usize, to: usize) {
    for n in from..to {
        log.append(text_event(&n.to_string(), &page(n)));
        if n % 50 == 0 {
            assert!(log.flush(PATIENCE));
        }
    }
    assert!(log.flush(PATIENCE));
}

#[test]
fn old_events_go_once_every_sink_has_passed_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    {
        let log = open(&path);
        let mut slow = log.sink_cursor("slow");
        let mut quick = log.sink_cursor("quick");
        let _gone = log.sink_cursor("gone");
        for n in 1..=6 {
            log.append(event(&n.to_string(), "x"));
        }
        assert!(log.flush(PATIENCE));
        slow.read(2);
        slow.commit();
        quick.read(9);
        quick.commit();
    }
    // "gone" is configured no longer, but nobody said so: it holds everything.
    {
        let log = open_forgetful(&path);
        assert!(log.flush(PATIENCE));
        assert_eq!(log.newest(None, 9, &Filter::default()).len(), 6);
    }
    let log = open_forgetful(&path);
    log.live_sinks(&["slow", "quick"]);
    drop(log);
    let log = open_forgetful(&path);
    log.live_sinks(&["slow", "quick"]);
    // A deletion is due at the start and once a minute; events make it due, too.
    eventually(&log, "1 and 2 are deleted", |log| {
        log.status().aged == 2 || log.get("2").is_none()
    });
    assert_eq!(
        ids(&log.newest(None, 9, &Filter::default())),
        ["6", "5", "4", "3"]
    );
    let mut slow = log.sink_cursor("slow");
    assert_eq!(ids(&slow.read(9)), ["3", "4", "5", "6"]);
    assert_eq!(slow.missed(), 0);
    // It comes back, and is told what it missed.
    let mut gone = log.sink_cursor("gone");
    assert_eq!(ids(&gone.read(1)), ["3"]);
    assert_eq!(gone.missed(), 2);
}

#[test]
fn at_the_cap_the_oldest_go_and_a_sink_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    let total = 400;
    let mut delivered;
    {
        let log = open_small(&path);
        let mut sink = log.sink_cursor("sink");
        fill(&log, 0, 10);
        delivered = sink.read(5).len() as u64;
        sink.commit();
        fill(&log, 10, total);
        eventually(&log, "the log is below its cap", |log| {
            log.status().bytes < 2 * MIB
        });
        let status = log.status();
        assert!(status.displaced > 0, "{status:?}");
        assert_eq!(status.committed, total as u64);
        // It is told at once, not when it reads.
        assert!(sink.missed() > 0);
    }
    let log = open_small(&path);
    let mut sink = log.sink_cursor("sink");
    let mut last = 0;
    loop {
        let batch = sink.read(100);
        let Some(newest) = batch.last() else { break };
        assert!(batch[0].seq > last, "in order");
        last = newest.seq;
        delivered += batch.len() as u64;
        sink.commit();
    }
    assert_eq!(delivered + sink.missed(), total as u64);
    assert_eq!(last, total as u64);
    let left = log.newest(None, usize::MAX, &Filter::default());
    assert!(left.len() > 8, "the cap is used: {}", left.len());
    // What is deleted is not found, what is left is.
    let find = |n: usize| {
        let word = page(n).split(' ').next().unwrap().to_owned();
        log.search(&word, None, 9, &Filter::default())
    };
    assert!(find(6).is_empty());
    assert_eq!(find(total - 1).len(), 1);
    // The file does not grow beyond the cap for long.
    drop((sink, log));
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size < 4 * MIB, "{size}");
}

#[test]
fn what_is_in_a_sinks_hand_counts_as_missed_only_if_it_is_not_delivered() {
    for is_delivered in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let log = open_small(&dir.path().join("events.db"));
        let mut sink = log.sink_cursor("sink");
        fill(&log, 0, 10);
        let in_hand = sink.read(4).len() as u64;
        fill(&log, 10, 300);
        eventually(&log, "the log is below its cap", |log| {
            log.status().bytes < 2 * MIB
        });
        assert!(log.status().displaced > 10);
        let before = sink.missed();
        assert_eq!(before, log.status().displaced - in_hand);
        if is_delivered {
            sink.commit();
            assert_eq!(sink.missed(), before);
        } else {
            sink.rewind();
            assert_eq!(sink.missed(), before + in_hand);
        }
        let first = sink.read(1)[0].seq;
        assert_eq!(first, log.status().displaced + 1);
    }
}

#[test]
fn freed_space_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    {
        let log = open(&path);
        fill(&log, 0, 400);
    }
    let before = std::fs::metadata(&path).unwrap().len();
    {
        let log = open_forgetful(&path);
        let file = path.clone();
        eventually(&log, "the file shrinks", move |_| {
            std::fs::metadata(&file).unwrap().len() < before / 2
        });
    }
    let log = open(&path);
    assert_eq!(
        log.append(event("new", "x")),
        401,
        "positions are not reused"
    );
}
