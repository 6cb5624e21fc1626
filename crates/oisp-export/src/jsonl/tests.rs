//! Whole lines, private files, torn files mended.

use std::io::{self, Write};
use std::path::PathBuf;

use oisp_core::SafeEvent;
use oisp_store::{Bounds, EventLog};
use serde_json::json;

use super::JsonlSink;
use crate::{DeliverError, Sink};

fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("oisp-jsonl-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

fn batch(count: usize) -> Vec<std::sync::Arc<oisp_store::Stored>> {
    let log = EventLog::new(Bounds::default());
    for n in 0..count {
        log.append(SafeEvent::from_redacted(
            json!({"event_id": n.to_string(), "event_type": "x"})
                .as_object()
                .unwrap(),
        ));
    }
    log.cursor().read(count)
}

#[test]
fn lines_are_appended_to_a_private_file() {
    let path = scratch("append");
    for _ in 0..2 {
        let mut sink = JsonlSink::file(&path).unwrap();
        sink.deliver(&batch(2)).unwrap();
        sink.close().unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 4);
    assert!(
        text.lines()
            .all(|line| line.starts_with('{') && line.ends_with('}'))
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_torn_last_line_of_an_earlier_run_is_ended() {
    let path = scratch("torn");
    std::fs::write(&path, "{\"half\":").unwrap();
    JsonlSink::file(&path).unwrap().deliver(&batch(1)).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().nth(1).unwrap().starts_with("{\"event_id\""));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn an_unwritable_path_names_itself_and_the_remedy() {
    let in_the_way = scratch("in-the-way");
    std::fs::write(&in_the_way, "").unwrap();
    let error = JsonlSink::file(&in_the_way.join("events.jsonl"))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("in-the-way/events.jsonl") && error.contains("--output"),
        "{error}"
    );
    std::fs::remove_file(&in_the_way).unwrap();
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
