//! Reading a log that is being written, and one that is not.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use oisp_store::{Filter, History, OpenError};
use support::{PATIENCE, event, ids, open, text_event};

fn all(history: &History, next: u64, filter: Filter) -> Vec<String> {
    let events = history.events(next, filter);
    events
        .map(|event| event.unwrap().event.id().to_owned())
        .collect()
}

#[test]
fn a_log_is_read_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    let log = open(&path);
    for n in 1..=600 {
        log.append(event(&n.to_string(), if n % 3 == 0 { "b" } else { "a" }));
    }
    log.append(text_event("last", "how is the weather"));
    assert!(log.flush(PATIENCE));
    let history = History::open(&path).unwrap();
    assert_eq!(all(&history, 1, Filter::default()).len(), 601);
    assert_eq!(all(&history, 600, Filter::default()), ["600", "last"]);
    let of = Filter {
        event_types: vec!["b".into()],
        ..Filter::default()
    };
    assert_eq!(all(&history, 1, of.clone()).len(), 200);
    assert_eq!(ids(&history.newest(None, 2, &of).unwrap()), ["600", "597"]);
    let found = history.search("weather how", None, 9, &Filter::default());
    assert_eq!(ids(&found.unwrap()), ["last"]);
    assert_eq!(history.get("77").unwrap().unwrap().seq, 77);
    assert!(history.get("none").unwrap().is_none());
    // What comes while it is open is read, too.
    log.append(event("later", "a"));
    assert!(log.flush(PATIENCE));
    assert_eq!(all(&history, 601, Filter::default()), ["last", "later"]);
    drop(log);
    assert_eq!(
        ids(&history.newest(None, 1, &Filter::default()).unwrap()),
        ["later"]
    );
    drop(history);
    let closed = History::open(&path).unwrap();
    assert_eq!(all(&closed, 1, Filter::default()).len(), 602);
}

#[test]
fn what_is_not_there_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    let error = History::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Missing { .. }));
    assert!(error.to_string().contains("oisp-sensor record"), "{error}");
    assert!(!path.exists(), "a reader makes nothing");
    std::fs::write(&path, "notes\n".repeat(1000)).unwrap();
    let error = History::open(&path).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        1,
        "nothing is moved"
    );
}
