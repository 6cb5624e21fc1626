//! Whole lines, private files, torn files mended, old files put away.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use oisp_config::{ByteSize, HumanDuration};
use oisp_core::SafeEvent;
use oisp_store::{Bounds, EventLog, Stored};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::compliance::{Receiver, complies};
use crate::{DeliverError, Sink as _};

fn batch(count: usize) -> Vec<Arc<Stored>> {
    let log = EventLog::new(Bounds::default());
    for n in 0..count {
        let event = json!({"event_id": n.to_string(), "event_type": "x"});
        log.append(SafeEvent::from_redacted(event.as_object().unwrap()));
    }
    log.cursor().read(count)
}

fn ids(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|event| event["event_id"].as_str().unwrap().to_owned())
        .collect()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// A pipe whose reader can be made to fail.
#[derive(Clone, Default)]
struct Pipe {
    text: Arc<Mutex<Vec<u8>>>,
    failures: Arc<AtomicUsize>,
}

impl Write for Pipe {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let fails = |left: usize| left.checked_sub(1);
        if self
            .failures
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, fails)
            .is_ok()
        {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.text.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Receiver for Pipe {
    fn received(&self) -> Vec<String> {
        ids(std::str::from_utf8(&self.text.lock().unwrap()).unwrap())
    }

    fn fail_next(&self, deliveries: usize) -> bool {
        self.failures.store(deliveries, Ordering::Release);
        true
    }

    fn refuse(&self, _: &str) -> bool {
        false
    }

    fn largest_batch(&self) -> Option<usize> {
        None
    }
}

#[test]
fn a_stream_complies() {
    complies(|_| {
        let pipe = Pipe::default();
        let sink = JsonlSink::stream(Box::new(pipe.clone()));
        (Box::new(sink), Box::new(pipe))
    });
}

/// A directory in which files are put away all the time.
struct Directory(TempDir);

impl Receiver for Directory {
    fn received(&self) -> Vec<String> {
        ids(&all_files(self.0.path()).into_values().collect::<String>())
    }

    fn fail_next(&self, _: usize) -> bool {
        false
    }

    fn refuse(&self, _: &str) -> bool {
        false
    }

    fn largest_batch(&self) -> Option<usize> {
        None
    }
}

#[test]
fn a_file_that_rotates_complies() {
    complies(|_| {
        let directory = tempfile::tempdir().unwrap();
        let mut config = rotating(&directory);
        config.rotate.max_size = ByteSize::kib(2);
        config.sync = Sync::Batch;
        (Box::new(open(&config)), Box::new(Directory(directory)))
    });
}

/// The text of each file in the order of their names, the open one last.
fn all_files(directory: &Path) -> BTreeMap<(bool, PathBuf), String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let mut text = String::new();
        let is_open = path
            .extension()
            .is_some_and(|extension| extension == "jsonl");
        if path.extension().is_some_and(|extension| extension == "gz") {
            let file = std::fs::File::open(&path).unwrap();
            flate2::read::GzDecoder::new(file)
                .read_to_string(&mut text)
                .unwrap();
        } else {
            text = std::fs::read_to_string(&path).unwrap();
        }
        files.insert((is_open, path), text);
    }
    files
}

fn config(directory: &TempDir) -> JsonlConfig {
    JsonlConfig {
        path: directory.path().join("events.jsonl"),
        ..JsonlConfig::default()
    }
}

fn open(config: &JsonlConfig) -> JsonlSink {
    JsonlSink::open(config).unwrap()
}

#[test]
fn lines_are_appended_to_a_private_file_in_a_directory_that_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made/here/events.jsonl");
    for _ in 0..2 {
        let mut sink = JsonlSink::file(&path).unwrap();
        sink.deliver(&batch(2)).unwrap();
        sink.close().unwrap();
    }
    assert_eq!(ids(&text(&path)), ["0", "1", "0", "1"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_torn_last_line_of_an_earlier_run_is_mended() {
    let long = format!("{{\"event_id\": \"{}", "x".repeat(200_000));
    for (left, expected) in [
        ("{\"half\":", ""),
        ("{\"whole\":1}\n{\"half\":\"", "{\"whole\":1}\n"),
        ("{\"whole\":1}", "{\"whole\":1}\n"),
        ("not ours", "not ours\n"),
        ("{\"whole\":1}\n", "{\"whole\":1}\n"),
        (&format!("{{\"whole\":1}}\n{long}"), "{\"whole\":1}\n"),
        ("", ""),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let config = config(&directory);
        std::fs::write(&config.path, left).unwrap();
        open(&config).deliver(&batch(1)).unwrap();
        let rest = text(&config.path);
        let rest = rest.strip_prefix(expected).unwrap();
        assert_eq!(ids(rest), ["0"], "{left}");
    }
}

#[test]
fn an_unwritable_path_names_itself_and_the_remedy() {
    let in_the_way = tempfile::NamedTempFile::new().unwrap();
    let path = in_the_way.path().join("events.jsonl");
    let error = JsonlSink::file(&path).err().unwrap().to_string();
    assert!(
        error.contains(&path.display().to_string()) && error.contains("--output"),
        "{error}"
    );
}

struct ClosedPipe;

impl Write for ClosedPipe {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_went_away_is_told_apart() {
    let result = JsonlSink::stream(Box::new(ClosedPipe)).deliver(&batch(1));
    assert!(matches!(result, Err(DeliverError::ReaderGone)));
}

#[test]
fn a_file_that_somebody_moved_away_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(&directory);
    let moved = directory.path().join("moved");
    let mut sink = open(&config);
    sink.deliver(&batch(1)).unwrap();
    std::fs::rename(&config.path, &moved).unwrap();
    sink.deliver(&batch(2)).unwrap();
    std::fs::remove_file(&config.path).unwrap();
    sink.deliver(&batch(3)).unwrap();
    assert_eq!(ids(&text(&moved)), ["0"]);
    assert_eq!(ids(&text(&config.path)), ["0", "1", "2"]);
}

#[test]
fn a_directory_that_is_away_is_an_error_and_nothing_is_torn() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(&directory);
    let (own, away) = (directory.path().join("own"), directory.path().join("away"));
    config.path = own.join("events.jsonl");
    let mut sink = open(&config);
    sink.deliver(&batch(1)).unwrap();
    std::fs::rename(&own, &away).unwrap();
    std::fs::write(&own, "in the way").unwrap();
    let error = sink.deliver(&batch(2)).unwrap_err();
    assert!(matches!(error, DeliverError::Write { .. }), "{error}");
    std::fs::remove_file(&own).unwrap();
    sink.deliver(&batch(2)).unwrap();
    assert_eq!(ids(&text(&config.path)), ["0", "1"]);
}

fn rotating(directory: &TempDir) -> JsonlConfig {
    let mut config = config(directory);
    config.rotate.max_size = ByteSize(100);
    config.rotate.keep_files = 0;
    config
}

#[test]
fn rotated_and_compressed_files_hold_every_line_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let config = rotating(&directory);
    for run in 0..3 {
        let mut sink = open(&config);
        for stored in batch(20) {
            sink.deliver(&[stored]).unwrap();
        }
        sink.close().unwrap();
        let files = all_files(directory.path());
        assert!(files.len() > 3 * run, "{files:?}");
        let expected = (0..=run).flat_map(|_| (0..20).map(|n| n.to_string()));
        let lines = ids(&files.values().cloned().collect::<String>());
        assert_eq!(lines, expected.collect::<Vec<_>>());
        assert!(files.values().all(|text| text.len() <= 100));
    }
}

#[test]
fn what_an_earlier_run_left_is_tidied_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = rotating(&directory);
    config.rotate.keep_files = 2;
    let name = |suffix: &str| directory.path().join(format!("events.jsonl{suffix}"));
    // Compressed but not deleted; half compressed; old; somebody else's.
    let gz = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    std::fs::write(name(".20260101T000000.000000Z"), "old").unwrap();
    std::fs::write(name(".20260102T000000.000000Z"), "b").unwrap();
    std::fs::write(name(".20260102T000000.000000Z.gz"), gz("b")).unwrap();
    std::fs::write(name(".20260103T000000.000000Z"), "c").unwrap();
    std::fs::write(name(".20260103T000000.000000Z.gz.unfinished"), "torn").unwrap();
    for other in [".backup", ".2026", ".20260101T000000.000000Z.txt", "2"] {
        std::fs::write(name(other), "mine").unwrap();
    }
    let archive = archive::Archive::start(&config.path, &config.rotate).unwrap();
    archive.finish();
    let left: Vec<_> = all_files(directory.path())
        .into_iter()
        .map(|((_, path), text)| {
            (
                path.file_name().unwrap().to_str().unwrap()[12..].to_owned(),
                text,
            )
        })
        .collect();
    let expected = [
        (".20260101T000000.000000Z.txt", "mine"),
        (".20260102T000000.000000Z.gz", "b"),
        (".20260103T000000.000000Z.gz", "c"),
        (".2026", "mine"),
        (".backup", "mine"),
        ("2", "mine"),
    ];
    let mut left: Vec<_> = left.iter().map(|(name, text)| (&**name, &**text)).collect();
    let mut expected = expected.to_vec();
    left.sort_unstable();
    expected.sort_unstable();
    assert_eq!(left, expected);
}

#[test]
fn files_over_the_total_size_go_the_oldest_first() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = rotating(&directory);
    config.rotate.compress = false;
    config.rotate.keep_size = ByteSize(25);
    for day in 1..=4 {
        let name = format!("events.jsonl.2026010{day}T000000.000000Z");
        std::fs::write(directory.path().join(name), "0123456789").unwrap();
    }
    archive::Archive::start(&config.path, &config.rotate)
        .unwrap()
        .finish();
    let files: Vec<_> = all_files(directory.path()).into_keys().collect();
    assert_eq!(files.len(), 2);
    assert!(files[0].1.ends_with("events.jsonl.20260103T000000.000000Z"));
}

#[test]
fn an_old_file_is_put_away_though_nothing_comes() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(&directory);
    config.rotate.max_age = HumanDuration::from_millis(1);
    config.rotate.compress = false;
    let mut sink = open(&config);
    assert!(sink.idle_after().is_none(), "an empty file does not age");
    sink.deliver(&batch(1)).unwrap();
    assert!(sink.idle_after().is_some());
    while all_files(directory.path()).len() < 2 {
        sink.idle().unwrap();
    }
    assert_eq!(text(&config.path), "");
}

#[test]
fn lines_wait_for_the_disk_no_longer_than_asked() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(&directory);
    config.sync_interval = HumanDuration::from_millis(1);
    let mut sink = open(&config);
    assert!(sink.idle_after().is_none());
    sink.deliver(&batch(1)).unwrap();
    while sink.idle_after().is_some() {
        sink.idle().unwrap();
    }
    config.sync = Sync::Batch;
    let mut sink = open(&config);
    sink.deliver(&batch(1)).unwrap();
    assert!(sink.idle_after().is_none());
}

#[test]
fn a_configuration_names_its_path_and_file() {
    let nowhere = JsonlConfig {
        path: PathBuf::new(),
        ..JsonlConfig::default()
    };
    let error = nowhere.check().unwrap_err().to_string();
    assert!(error.starts_with("path: is missing"), "{error}");
    let config: JsonlConfig = serde_json::from_value(json!({
        "name": "audit", "path": "-", "sync": "batch",
        "rotate": {"max_size": "100MiB", "max_age": "1d", "keep_files": 3},
    }))
    .unwrap();
    assert_eq!(JsonlSink::open(&config).unwrap().name(), "jsonl.audit");
    assert!(serde_json::from_value::<JsonlConfig>(json!({"rotate": {"size": 1}})).is_err());
}
