//! A disk that is full: events go on in memory, and to the disk when it is back.
//! Needs root, to mount a small one; skipped aloud without.

#![cfg(target_os = "linux")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use oisp_store::{Bounds, EventLog, Filter, LogSettings, StoreState};
use support::{PATIENCE, event, hasty, open, text_event};
use tempfile::TempDir;

/// A disk of two megabytes.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(test: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: {test}: mounting a small disk needs root");
            return None;
        }
        let dir = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "oisp-store-test"])
            .arg(dir.path())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: {test}: no small disk can be mounted here");
            return None;
        }
        Some(Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills it with a file to its last byte.
    fn fill(&self) {
        let file = self.path().join("filler");
        let error = std::fs::write(&file, vec![0; 4 << 20]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

fn until(log: &EventLog, state: StoreState) {
    let deadline = Instant::now() + PATIENCE;
    while log.status().state != state {
        assert!(Instant::now() < deadline, "{:?}", log.status());
        std::thread::yield_now();
    }
}

#[test]
fn nothing_that_fits_in_memory_is_lost() {
    let Some(disk) = SmallDisk::mount("nothing_that_fits_in_memory_is_lost") else {
        return;
    };
    let path = disk.path().join("events.db");
    let log = open(&path);
    let mut sink = log.sink_cursor("sink");
    let mut live = log.cursor();
    log.append(event("0", "x"));
    assert!(log.flush(PATIENCE));
    disk.fill();
    for n in 1..=300 {
        log.append(text_event(&n.to_string(), &"full ".repeat(200)));
    }
    assert!(!log.flush(PATIENCE), "{:?}", log.status());
    until(&log, StoreState::Failing);
    let status = log.status();
    assert!(status.last_error.is_some());
    assert_eq!(
        (status.dropped, status.committed + status.pending),
        (0, 301)
    );
    // Whoever looks on sees all of it, and a sink goes on, too.
    let mut seen = 0;
    while seen < 301 {
        let batch = live.read(100);
        assert!(!batch.is_empty(), "{:?}", log.status());
        seen += batch.len();
    }
    let mut delivered = HashSet::new();
    while delivered.len() < 100 {
        let batch = sink.read(50);
        assert!(!batch.is_empty(), "{:?}", log.status());
        delivered.extend(batch.iter().map(|stored| stored.event.id().to_owned()));
        sink.commit();
    }
    disk.make_room();
    until(&log, StoreState::Healthy);
    assert!(log.flush(PATIENCE), "{:?}", log.status());
    let status = log.status();
    assert_eq!(
        (status.committed, status.pending, status.dropped),
        (301, 0, 0)
    );
    drop((live, sink, log));
    let log = open(&path);
    assert_eq!(log.newest(None, 999, &Filter::default()).len(), 301);
    let mut sink = log.sink_cursor("sink");
    loop {
        let batch = sink.read(100);
        if batch.is_empty() {
            break;
        }
        delivered.extend(batch.iter().map(|stored| stored.event.id().to_owned()));
        sink.commit();
    }
    assert_eq!((delivered.len(), sink.missed()), (301, 0));
}

#[test]
fn what_is_beyond_the_bound_is_counted() {
    let Some(disk) = SmallDisk::mount("what_is_beyond_the_bound_is_counted") else {
        return;
    };
    let path = disk.path().join("events.db");
    let settings = LogSettings {
        pending: Bounds {
            events: 50,
            bytes: 1 << 20,
        },
        ..hasty()
    };
    let log = EventLog::open(&path, settings).unwrap();
    let mut sink = log.sink_cursor("sink");
    assert!(log.flush(PATIENCE));
    disk.fill();
    for n in 0..300 {
        log.append(text_event(&n.to_string(), &"full ".repeat(400)));
        if n % 25 == 0 {
            // Never more at once than waits for the disk.
            let _ = log.flush(Duration::from_millis(100));
        }
    }
    assert!(!log.flush(PATIENCE));
    let before = log.status();
    assert_eq!(before.state, StoreState::Failing);
    assert_eq!(before.committed + before.pending + before.dropped, 300);
    assert!(before.pending <= 50 && before.dropped > 200, "{before:?}");
    disk.make_room();
    until(&log, StoreState::Healthy);
    assert!(log.flush(PATIENCE));
    let after = log.status();
    assert_eq!(after.committed, 300 - after.dropped);
    let mut delivered = 0;
    loop {
        let batch = sink.read(100);
        if batch.is_empty() {
            break;
        }
        delivered += batch.len() as u64;
        sink.commit();
    }
    assert_eq!(delivered + sink.missed(), 300);
    assert_eq!(sink.missed(), after.dropped);
    drop((sink, log));
    assert_eq!(open(&path).last_seq(), 300);
}
