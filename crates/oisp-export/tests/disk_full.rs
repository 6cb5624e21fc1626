//! A disk that is full for real: a small file system in memory. Needs root.
#![cfg(target_os = "linux")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use oisp_config::HumanDuration;
use oisp_core::SafeEvent;
use oisp_export::jsonl::{JsonlConfig, JsonlSink, Sync};
use oisp_export::{Retry, RunSettings, SinkState, run_with};
use oisp_store::{Bounds, EventLog};
use serde_json::{Value, json};

/// A file system of 256 KiB.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "oisp-test"])
            .arg(directory.path())
            .stderr(std::process::Stdio::null())
            .status();
        let is_mounted = status.is_ok_and(|status| status.success());
        is_mounted.then_some(Self(directory))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn event(n: usize) -> SafeEvent {
    let event = json!({"event_id": n.to_string(), "event_type": "x", "text": "x".repeat(1000)});
    SafeEvent::from_redacted(event.as_object().unwrap())
}

#[test]
fn a_full_disk_tears_nothing_and_is_recovered_from() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: a full disk: no file system can be mounted here; run as root");
        return;
    };
    let filler = disk.path().join("filler");
    std::fs::write(&filler, vec![0; 100 << 10]).unwrap();
    let config = JsonlConfig {
        path: disk.path().join("events.jsonl"),
        sync: Sync::Batch,
        ..JsonlConfig::default()
    };
    let log = EventLog::new(Bounds::default());
    (1..=200).for_each(|n| {
        log.append(event(n));
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut settings = RunSettings {
        retry: Retry {
            initial: HumanDuration::from_millis(1),
            max: HumanDuration::from_millis(5),
        },
        stop_within: Duration::from_secs(60),
        ..RunSettings::default()
    };
    settings.batch.events = 30;
    let sink = Box::new(JsonlSink::open(&config).unwrap());
    let running = run_with(sink, log.cursor(), runtime.handle().clone(), settings).unwrap();
    let status = Arc::clone(running.status());
    while status.report().state != SinkState::Failing {
        std::thread::yield_now();
    }
    let error = status.last_error().unwrap();
    assert!(
        error.contains("events.jsonl") && error.contains("No space left"),
        "{error}"
    );
    let there = ids(&config.path).len();
    assert!((60..200).contains(&there), "{there}");
    assert_eq!(ids(&config.path)[..60], numbers(60));

    std::fs::remove_file(&filler).unwrap();
    running.stop();
    assert_eq!(ids(&config.path), numbers(200));
    assert_eq!(status.report().lag, 0);
}

fn numbers(count: usize) -> Vec<String> {
    (1..=count).map(|n| n.to_string()).collect()
}

/// What a reader sees at this moment: a batch on its way may end torn, and is
/// then taken back.
fn ids(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    whole
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|event| event["event_id"].as_str().unwrap().to_owned())
        .collect()
}
