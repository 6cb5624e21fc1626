//! The log on disk: what outlives a restart, who reads what, and what goes when.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::time::Duration;

use oisp_store::{EventLog, Filter, LogSettings, OpenError, StoreState};
use support::{PATIENCE, event, ids, open, text_event};

#[test]
fn events_and_their_positions_outlive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/events.db");
    for round in 0..3u64 {
        let log = open(&path);
        assert_eq!(log.last_seq(), round * 2);
        for n in 0..2 {
            let seq = log.append(event(&format!("{round}-{n}"), "ai.request"));
            assert_eq!(seq, round * 2 + n + 1);
        }
    }
    let log = open(&path);
    let all = log.newest(None, 10, &Filter::default());
    assert_eq!(ids(&all), ["2-1", "2-0", "1-1", "1-0", "0-1", "0-0"]);
    assert_eq!(log.get("1-0").unwrap().seq, 3);
    assert_eq!(ids(&log.newest(Some(3), 1, &Filter::default())), ["0-1"]);
    let mut live = log.cursor();
    assert_eq!(ids(&live.read(4)), ["0-0", "0-1", "1-0", "1-1"]);
    log.append(event("3-0", "x"));
    assert_eq!(ids(&live.read(9)), ["2-0", "2-1", "3-0"]);
    assert_eq!(live.missed(), 0);
}

#[test]
fn history_is_filtered_by_type_call_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    {
        let log = open(&path);
        for (id, kind) in [("1", "a"), ("2", "b"), ("3", "c"), ("4", "a"), ("5", "b")] {
            log.append(event(id, kind));
        }
    }
    let log = open(&path);
    let of = |types: &[&str]| Filter {
        event_types: types.iter().map(|kind| (*kind).to_owned()).collect(),
        ..Filter::default()
    };
    assert_eq!(ids(&log.newest(None, 9, &of(&["a"]))), ["4", "1"]);
    assert_eq!(
        ids(&log.newest(None, 3, &of(&["a", "b", "a"]))),
        ["5", "4", "2"]
    );
    assert_eq!(ids(&log.newest(Some(4), 3, &of(&["a", "b"]))), ["2", "1"]);
    let call = Filter {
        request_id: Some("req_3".into()),
        ..Filter::default()
    };
    assert_eq!(ids(&log.newest(None, 9, &call)), ["3"]);
    // Event n was captured n seconds after 1970.
    let at = |seconds| Some(std::time::UNIX_EPOCH + Duration::from_secs(seconds));
    let middle = Filter {
        since: at(2),
        until: at(4),
        ..Filter::default()
    };
    assert_eq!(ids(&log.newest(None, 9, &middle)), ["3", "2"]);
    log.append(event("6", "a"));
    let late = Filter {
        since: at(5),
        ..Filter::default()
    };
    assert_eq!(ids(&log.newest(None, 9, &late)), ["6", "5"]);
}

#[test]
fn a_sink_goes_on_where_it_committed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    {
        let log = open(&path);
        log.append(event("before", "x"));
        let mut new = log.sink_cursor("new");
        let mut whole = log.sink_cursor_from_start("whole");
        for n in 1..=5 {
            log.append(event(&n.to_string(), "x"));
        }
        assert!(log.flush(PATIENCE));
        assert_eq!(ids(&whole.read(1)), ["before"]);
        whole.commit();
        assert_eq!(ids(&new.read(2)), ["1", "2"]);
        new.commit();
        assert_eq!(ids(&new.read(2)), ["3", "4"]);
        assert_eq!(new.lag(), 1);
        new.rewind();
        assert_eq!(new.lag(), 3);
        assert_eq!(ids(&new.read(1)), ["3"]);
    }
    let log = open(&path);
    assert_eq!(ids(&log.sink_cursor("new").read(9)), ["3", "4", "5"]);
    assert_eq!(ids(&log.sink_cursor("whole").read(2)), ["1", "2"]);
    assert_eq!(log.sink_cursor("third").read(9).len(), 0);
}

#[tokio::test]
async fn a_sink_wakes_when_an_event_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir.path().join("events.db"));
    let mut sink = log.sink_cursor("sink");
    let mut live = log.cursor();
    log.append(event("1", "x"));
    assert_eq!(ids(&live.read(9)), ["1"], "live readers do not wait");
    sink.wait().await;
    assert_eq!(log.status().pending, 0);
    assert_eq!(ids(&sink.read(9)), ["1"]);
}

#[test]
fn an_event_that_is_there_is_not_stored_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    open(&path).append(event("1", "x"));
    let log = open(&path);
    let mut sink = log.sink_cursor("sink");
    let mut live = log.cursor_at(u64::MAX);
    log.append(event("1", "x"));
    assert_eq!(log.append(event("2", "x")), 3);
    assert_eq!(log.append(event("2", "x")), 3, "the position it has");
    assert!(log.flush(PATIENCE));
    assert_eq!(ids(&sink.read(9)), ["2"]);
    assert_eq!(ids(&live.read(9)), ["2"]);
    assert_eq!((sink.missed(), sink.lag(), live.missed()), (0, 0, 0));
    assert_eq!(ids(&log.newest(None, 9, &Filter::default())), ["2", "1"]);
    assert_eq!(log.get("1").unwrap().seq, 1);
    let status = log.status();
    assert_eq!((status.duplicates, status.committed), (2, 1));
    sink.commit();
    drop((log, live, sink));
    // The position that was given to the copy is not given again: a sink that
    // passed it would pass over the next event.
    let log = open(&path);
    assert_eq!(log.append(event("3", "x")), 4);
    assert!(log.flush(PATIENCE));
    assert_eq!(ids(&log.sink_cursor("sink").read(9)), ["3"]);
}

#[test]
fn events_without_an_id_are_all_kept() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir.path().join("events.db"));
    for _ in 0..3 {
        log.append(event("", "x"));
    }
    assert!(log.flush(PATIENCE));
    assert_eq!(log.sink_cursor_from_start("sink").read(9).len(), 3);
}

#[test]
fn a_second_sensor_is_told_who_has_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    let log = open(&path);
    let error = EventLog::open(&path, LogSettings::default()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }));
    let said = error.to_string();
    for word in ["--store", "--ephemeral"] {
        assert!(said.contains(word), "{said}");
    }
    #[cfg(unix)]
    assert!(
        said.contains(&format!("(pid {})", std::process::id())),
        "{said}"
    );
    log.close();
    assert_eq!(log.status().state, StoreState::Closed);
    drop(log);
    open(&path);
}

#[cfg(unix)]
#[test]
fn the_files_are_closed_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state/events.db");
    let log = open(&path);
    log.append(event("1", "x"));
    assert!(log.flush(PATIENCE));
    let mode = |name: &str| {
        let file = dir.path().join(name);
        file.metadata().unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode("state"), 0o700);
    for name in [
        "events.db",
        "events.db-wal",
        "events.db-shm",
        "events.db.lock",
    ] {
        assert_eq!(mode(&format!("state/{name}")), 0o600, "{name}");
    }
}

#[test]
fn what_is_closed_keeps_nothing_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir.path().join("events.db"));
    log.append(event("1", "x"));
    log.close();
    log.append(event("2", "x"));
    let status = log.status();
    assert_eq!(
        (status.committed, status.dropped, status.pending),
        (1, 1, 0)
    );
    assert!(!log.flush(PATIENCE));
    assert_eq!(ids(&log.newest(None, 9, &Filter::default())), ["2", "1"]);
}

#[test]
fn text_is_found_in_memory_and_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    let memory = EventLog::new(Default::default());
    let disk = open(&path);
    let texts = [
        "What is the weather in Zürich?",
        "The weather is fine",
        "read src/main_loop.rs, then stop",
    ];
    for log in [&memory, &disk] {
        for (n, text) in texts.iter().enumerate() {
            log.append(text_event(&n.to_string(), text));
        }
    }
    assert!(disk.flush(PATIENCE));
    drop(disk);
    let disk = open(&path);
    disk.append(text_event("3", "not on disk yet: weather"));
    memory.append(text_event("3", "not on disk yet: weather"));
    for log in [&memory, &disk] {
        let find = |query: &str| {
            let found = log.search(query, None, 9, &Filter::default());
            found
                .iter()
                .map(|stored| stored.event.id().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(find("weather"), ["3", "1", "0"]);
        assert_eq!(find("WEATHER zürich"), ["0"]);
        assert_eq!(find("\"weather is\""), ["1"]);
        assert_eq!(find("\"is weather\""), [""; 0]);
        assert_eq!(find("main_loop.rs"), ["2"]);
        assert_eq!(find("weath*"), ["3", "1", "0"]);
        assert_eq!(find("AND OR NOT ( \" *"), [""; 0]);
        assert_eq!(
            ids(&log.search("weather", Some(2), 9, &Filter::default())),
            ["0"]
        );
        assert_eq!(
            ids(&log.search("weather", None, 2, &Filter::default())),
            ["3", "1"]
        );
        let none = Filter {
            event_types: vec!["other".into()],
            ..Filter::default()
        };
        assert!(log.search("weather", None, 9, &none).is_empty());
    }
}
