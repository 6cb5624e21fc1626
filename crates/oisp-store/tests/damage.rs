//! Files that are damaged, of another version, or of another program.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use oisp_store::{EventLog, Filter, History, LogSettings, OpenError};
use rusqlite::Connection;
use support::{PATIENCE, event, ids, open, text_event};

fn aside(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    let aside = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("events.db.corrupt-") && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    files.filter(aside).collect()
}

/// Overwrites bytes in the middle of a file.
fn scribble(path: &Path, at: u64, count: usize) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&vec![0x5a; count]).unwrap();
}

fn filled(path: &Path) {
    let log = open(path);
    for n in 0..500 {
        log.append(text_event(
            &n.to_string(),
            &format!("event {n} {}", "word ".repeat(100)),
        ));
    }
}

#[test]
fn a_damaged_file_is_moved_aside_whole_and_a_new_log_begins() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 3] = [
        ("no database", |path| {
            fs::write(path, "these are notes\n".repeat(100)).unwrap()
        }),
        ("header", |path| scribble(path, 0, 64)),
        ("pages", |path| scribble(path, 40 * 4096, 60 * 4096)),
    ];
    for (what, damage) in damages {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.db");
        filled(&path);
        damage(&path);
        let damaged = fs::read(&path).unwrap();
        let log = open(&path);
        let moved = aside(dir.path());
        assert_eq!(moved.len(), 1, "{what}");
        assert_eq!(log.status().moved_aside.as_ref(), Some(&moved[0]), "{what}");
        assert!(
            fs::read(&moved[0]).unwrap() == damaged,
            "{what}: not changed"
        );
        assert_eq!(log.append(event("1", "x")), 1, "{what}");
        assert!(log.flush(PATIENCE), "{what}: {:?}", log.status());
    }
}

#[test]
fn damage_at_run_time_costs_what_was_on_disk_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    filled(&path);
    let log = open(&path);
    let mut sink = log.sink_cursor("sink");
    log.append(event("1000", "x"));
    assert!(log.flush(PATIENCE));
    // Nothing is left in the write-ahead log that could stand in for a page.
    let emptied = Connection::open(&path).unwrap();
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = emptied.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0);
    // All but the first page, so that it is the content that makes no sense.
    let size = fs::metadata(&path).unwrap().len();
    scribble(&path, 4096, usize::try_from(size).unwrap() - 4096);
    for n in 1001..1200 {
        log.append(event(&n.to_string(), "x"));
        // A reader or the writer comes across it.
        log.get(&(n % 500).to_string());
        log.flush(PATIENCE);
        if !aside(dir.path()).is_empty() {
            break;
        }
    }
    assert_eq!(aside(dir.path()).len(), 1, "{:?}", log.status());
    let last = log.append(event("2000", "x"));
    assert!(last > 501, "positions go on: {last}");
    let _ = log.flush(PATIENCE);
    assert!(log.flush(PATIENCE), "{:?}", log.status());
    let newest = log.newest(None, 1, &Filter::default());
    assert_eq!(ids(&newest), ["2000"]);
    let mut read = Vec::new();
    loop {
        let batch = sink.read(100);
        if batch.is_empty() {
            break;
        }
        read.extend(batch.iter().map(|stored| stored.seq));
        sink.commit();
    }
    assert_eq!(read.last(), Some(&last));
    assert_eq!(
        read.len() as u64 + sink.missed(),
        last - 500,
        "each is read or missed"
    );
    drop((log, sink));
    let log = open(&path);
    assert_eq!(log.last_seq(), last);
    assert_eq!(log.status().moved_aside, None);
}

#[test]
fn a_deleted_file_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    let log = open(&path);
    log.append(event("1", "x"));
    assert!(log.flush(PATIENCE));
    log.close();
    drop(log);
    for name in ["events.db", "events.db-wal", "events.db-shm"] {
        let _ = fs::remove_file(dir.path().join(name));
    }
    let log = open(&path);
    assert_eq!(log.append(event("2", "x")), 1);
    assert!(log.flush(PATIENCE));
}

#[test]
fn a_newer_version_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    filled(&path);
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = EventLog::open(&path, LogSettings::default()).unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { found: 99, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("schema 99"), "{error}");
    assert!(matches!(History::open(&path), Err(OpenError::Newer { .. })));
    assert!(fs::read(&path).unwrap() == before);
    assert!(aside(dir.path()).is_empty());
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = EventLog::open(&path, LogSettings::default()).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("--store"), "{error}");
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "x").unwrap();
    let path = dir.path().join("file/events.db");
    let error = EventLog::open(&path, LogSettings::default()).unwrap_err();
    let said = error.to_string();
    for word in [path.to_str().unwrap(), "--store", "--ephemeral"] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn version_1_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(VERSION_1)
        .unwrap();
    assert!(matches!(History::open(&path), Err(OpenError::Older { .. })));
    let log = open(&path);
    assert_eq!(log.last_seq(), 9);
    let found = log.search("zürich", None, 9, &Filter::default());
    assert_eq!(ids(&found), ["two"], "old events are found");
    assert_eq!(log.append(text_event("three", "Zürich again")), 10);
    assert!(log.flush(PATIENCE));
    let found = log.search("ZURICH", None, 9, &Filter::default());
    assert_eq!(ids(&found), ["three", "two"]);
    let mut sink = log.sink_cursor("jsonl");
    assert_eq!(ids(&sink.read(9)), ["two", "three"]);
    assert_eq!(sink.missed(), 3);
    drop((sink, log));
    assert_eq!(open(&path).last_seq(), 10);
}

/// A log as the first version wrote it.
const VERSION_1: &str = r#"
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1330205520;
PRAGMA user_version = 1;
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  event_id TEXT UNIQUE,
  event_type TEXT NOT NULL,
  request_id TEXT,
  captured INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  json TEXT NOT NULL
);
CREATE INDEX events_by_type ON events (event_type);
CREATE INDEX events_by_request ON events (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX events_by_time ON events (captured);
CREATE TABLE sinks (
  name TEXT PRIMARY KEY,
  next INTEGER NOT NULL,
  missed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO events VALUES
  (4, 'one', 'ai.request', 'req_1', 1, 4000000000000000, '{"data":{"messages":[{"content":"Bern"}]}}'),
  (7, 'two', 'ai.request', 'req_2', 2, 4000000000000000, '{"data":{"messages":[{"content":"Zürich"}]}}');
INSERT INTO sinks VALUES ('jsonl', 5, 3);
INSERT INTO meta VALUES ('last_seq', 9);
"#;
