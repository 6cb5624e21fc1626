//! The log in memory.

use std::sync::Arc;

use oisp_core::SafeEvent;
use serde_json::json;

use crate::{Bounds, EventLog, Filter, Stored};

fn event(id: &str, kind: &str) -> SafeEvent {
    let value =
        json!({"event_id": id, "event_type": kind, "data": {"request_id": format!("req_{id}")}});
    SafeEvent::from_redacted(value.as_object().unwrap())
}

fn log_of(count: usize, bounds: Bounds) -> EventLog {
    let log = EventLog::new(bounds);
    for n in 1..=count {
        log.append(event(
            &n.to_string(),
            if n % 2 == 0 {
                "ai.response"
            } else {
                "ai.request"
            },
        ));
    }
    log
}

fn ids(events: &[Arc<Stored>]) -> Vec<&str> {
    events.iter().map(|stored| stored.event.id()).collect()
}

#[test]
fn history_is_newest_first_filtered_and_paged() {
    let log = log_of(6, Bounds::default());
    let filter = Filter {
        event_types: vec!["ai.response".into()],
        ..Filter::default()
    };
    assert_eq!(ids(&log.newest(None, 2, &filter)), ["6", "4"]);
    assert_eq!(ids(&log.newest(Some(4), 2, &filter)), ["2"]);
    let one = Filter {
        request_id: Some("req_3".into()),
        ..Filter::default()
    };
    assert_eq!(ids(&log.newest(None, 9, &one)), ["3"]);
}

#[test]
fn the_bound_lets_the_oldest_go_and_a_late_cursor_is_told() {
    let bounds = Bounds {
        events: 3,
        ..Bounds::default()
    };
    let log = log_of(2, bounds);
    let mut cursor = log.cursor();
    assert_eq!(ids(&cursor.read(1)), ["1"]);
    for n in 3..=6 {
        log.append(event(&n.to_string(), "ai.request"));
    }
    assert_eq!(cursor.lag(), 5);
    assert_eq!(ids(&cursor.read(9)), ["4", "5", "6"]);
    assert_eq!(cursor.missed(), 2);
    assert!(log.get("3").is_none());
    assert_eq!(log.get("5").unwrap().seq, 5);
}

#[test]
fn an_event_over_the_byte_bound_is_still_readable() {
    let log = EventLog::new(Bounds {
        events: 10,
        bytes: 8,
    });
    log.append(event("1", "ai.request"));
    assert_eq!(ids(&log.cursor().read(9)), ["1"]);
}

#[tokio::test]
async fn what_is_told_in_passing_reaches_onlookers_and_is_not_kept() {
    let log = log_of(1, Bounds::default());
    assert!(!log.has_onlookers());
    let mut onlooker = log.look_on();
    assert!(log.has_onlookers());
    log.tell(event("passing", "ai.streaming_chunk"));
    assert_eq!(onlooker.next().await.id(), "passing");
    assert!(log.get("passing").is_none());
    assert_eq!(log.last_seq(), 1);
}

#[tokio::test]
async fn a_cursor_at_the_end_wakes_on_the_next_event() {
    let log = log_of(1, Bounds::default());
    let mut cursor = log.cursor_at(u64::MAX);
    assert!(cursor.read(9).is_empty());
    let writer = log.clone();
    tokio::join!(cursor.wait(), async move {
        writer.append(event("2", "ai.request"))
    });
    assert_eq!(ids(&cursor.read(9)), ["2"]);
}
