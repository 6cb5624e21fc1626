//! The event log on disk: how fast events are appended and read by a sink,
//! beside the same rows in plain SQLite: one table, one thread, the same number
//! of events in a commit, the same syncs, no index but the position.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use oisp_core::SafeEvent;
use oisp_store::{Bounds, EventLog, LogSettings};
use rusqlite::Connection;
use serde_json::json;

use crate::corpus::Words;
use crate::report::{Bar, Report};
use crate::stats::median;

/// Bytes that each run writes.
const BYTES: usize = 48 << 20;
/// Runs of each side, alternating.
const ROUNDS: usize = 3;
/// Events of a commit: what the log's writer takes at most.
const BATCH: usize = 1024;
const BATCH_BYTES: usize = 2 << 20;
/// Share of plain SQLite's speed that is to be reached, with ids, indexes and
/// full text.
const APPEND: f64 = 0.15;
const DRAIN: f64 = 0.5;

/// Prints the rows of the log.
pub fn measure(report: &mut Report) -> anyhow::Result<()> {
    report.section("event log on disk (WAL, synchronous = FULL), beside plain SQLite");
    for (what, size) in [("1 KiB", 1 << 10), ("20 KiB", 20 << 10)] {
        let events = events(size);
        let mut runs = Vec::new();
        for _ in 0..ROUNDS {
            runs.push((ours(&events)?, plain(&events)?));
        }
        rows(what, &events, &runs, report);
    }
    Ok(())
}

/// What a run took.
struct Run {
    append: Duration,
    drain: Duration,
    file: u64,
}

fn rows(what: &str, events: &[SafeEvent], runs: &[(Run, Run)], report: &mut Report) {
    let bytes: usize = events.iter().map(|event| event.json().len()).sum();
    let mid =
        |figure: fn(&(Run, Run)) -> f64| median(&mut runs.iter().map(figure).collect::<Vec<_>>());
    let figures = [
        (
            "append until committed",
            mid(|(ours, _)| ours.append.as_secs_f64()),
            mid(|(ours, plain)| plain.append.as_secs_f64() / ours.append.as_secs_f64()),
            APPEND,
        ),
        (
            "sink reads all",
            mid(|(ours, _)| ours.drain.as_secs_f64()),
            mid(|(ours, plain)| plain.drain.as_secs_f64() / ours.drain.as_secs_f64()),
            DRAIN,
        ),
    ];
    for (figure, seconds, share, bar) in figures {
        let rate = events.len() as f64 / seconds;
        let speed = format!("{:.1} MB/s", bytes as f64 / 1e6 / seconds);
        report.row(
            &format!("{what}: {figure}"),
            rate,
            "events/s",
            Bar::None,
            &speed,
        );
        report.row(
            &format!("{what}: {figure}, of plain"),
            share,
            "×",
            Bar::AtLeast(bar),
            &format!("plain SQLite {:.0} events/s", rate / share),
        );
    }
    let size = mid(|(ours, plain)| ours.file as f64 / plain.file as f64);
    report.row(
        &format!("{what}: size on disk, of plain"),
        size,
        "×",
        Bar::AtMost(2.0),
        "indexes and full text",
    );
}

/// Events of about that size with text as of a conversation.
fn events(size: usize) -> Vec<SafeEvent> {
    let mut words = Words::new(11);
    (0..BYTES / size)
        .map(|n| {
            let event = json!({
                "event_id": format!("01J{n:023}"),
                "event_type": if n % 2 == 0 { "ai.request" } else { "ai.response" },
                "ts": "2026-01-01T00:00:00.000000Z",
                "data": {
                    "request_id": format!("req_{:024}", n / 2),
                    "messages": [{"role": "user", "content": words.prose(size - 240)}],
                },
            });
            SafeEvent::from_redacted(event.as_object().unwrap_or(&serde_json::Map::new()))
        })
        .collect()
}

fn ours(events: &[SafeEvent]) -> anyhow::Result<Run> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("events.db");
    let settings = LogSettings {
        // The whole run may wait: it is the disk that is measured.
        pending: Bounds {
            events: usize::MAX,
            bytes: usize::MAX,
        },
        ..LogSettings::default()
    };
    let log = EventLog::open(&path, settings)?;
    let mut sink = log.sink_cursor("bench");
    log.flush(Duration::from_secs(60));
    let copies = events.to_vec();
    let began = Instant::now();
    for event in copies {
        log.append(event);
    }
    ensure!(log.flush(Duration::from_secs(600)), "{:?}", log.status());
    let append = began.elapsed();
    let began = Instant::now();
    let mut read = 0;
    loop {
        let batch = sink.read(512);
        if batch.is_empty() {
            break;
        }
        read += batch.len();
        sink.commit();
    }
    let drain = began.elapsed();
    ensure!(read == events.len(), "{read} of {} events", events.len());
    drop((sink, log));
    Ok(Run {
        append,
        drain,
        file: size(&path)?,
    })
}

fn plain(events: &[SafeEvent]) -> anyhow::Result<Run> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("plain.db");
    let mut db = Connection::open(&path)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE events (seq INTEGER PRIMARY KEY, json TEXT NOT NULL);",
    )?;
    let began = Instant::now();
    let mut rest = events;
    while !rest.is_empty() {
        let step = db.transaction()?;
        let mut insert = step.prepare("INSERT INTO events (json) VALUES (?1)")?;
        let mut bytes = 0;
        let mut count = 0;
        for event in rest.iter().take(BATCH) {
            if bytes > BATCH_BYTES {
                break;
            }
            insert.execute([event.json()])?;
            bytes += event.json().len();
            count += 1;
        }
        drop(insert);
        step.commit()?;
        rest = rest.get(count..).context("the batch is in the rest")?;
    }
    let append = began.elapsed();
    let began = Instant::now();
    let mut read = 0;
    let mut page =
        db.prepare("SELECT seq, json FROM events WHERE seq > ?1 ORDER BY seq LIMIT 512")?;
    loop {
        let rows = page.query_map([i64::try_from(read)?], |row| row.get::<_, String>(1))?;
        let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        if rows.is_empty() {
            break;
        }
        read += rows.len();
    }
    let drain = began.elapsed();
    ensure!(read == events.len(), "{read} of {} rows", events.len());
    drop(page);
    drop(db);
    Ok(Run {
        append,
        drain,
        file: size(&path)?,
    })
}

fn size(path: &Path) -> anyhow::Result<u64> {
    Ok(std::fs::metadata(path)?.len())
}
