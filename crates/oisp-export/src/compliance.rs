//! What every sink must do, whatever it writes to: a sink's tests call
//! [`complies`] with a way to make it and a receiver that they can steer.

use std::path::Path;
use std::sync::Arc;

use oisp_config::HumanDuration;
use oisp_core::SafeEvent;
use oisp_store::{Bounds, EventLog};
use serde_json::json;
use tokio::runtime::{Handle, Runtime};

use crate::{
    DeadLetter, DeadLetters, Retry, RunSettings, Sink, SinkReport, SinkState, SinkStatus, run_with,
    send_test,
};

/// What stands behind a sink under test.
pub(crate) trait Receiver {
    /// The ids of the events that it has, in order of arrival.
    fn received(&self) -> Vec<String>;

    /// The next so many deliveries fail, and may be tried again. False where
    /// it cannot be made to fail.
    fn fail_next(&self, deliveries: usize) -> bool;

    /// It will never take the event of that id. False where it takes whatever
    /// it can.
    fn refuse(&self, id: &str) -> bool;

    /// Most events that arrived at once, where that can be told.
    fn largest_batch(&self) -> Option<usize>;
}

/// A sink and its receiver.
pub(crate) type Pair = (Box<dyn Sink>, Box<dyn Receiver>);

/// Checks a sink. `make` makes a new one with a new receiver each time.
pub(crate) fn complies(make: impl Fn(&Handle) -> Pair) {
    let runtime = Runtime::new().unwrap();
    keeps_order_and_batches(&make, &runtime);
    loses_nothing_over_failures(&make, &runtime);
    puts_refused_events_aside(&make, &runtime);
    sends_a_marked_event(&make, &runtime);
    delivers_what_comes_while_it_runs(&make, &runtime);
}

fn log_of(count: usize) -> EventLog {
    let log = EventLog::new(Bounds::default());
    (1..=count).for_each(|n| append(&log, n));
    log
}

fn append(log: &EventLog, n: usize) {
    let event = json!({
        "oisp_version": "0.1",
        "event_id": format!("event-{n}"),
        "event_type": "ai.request",
        "ts": "2026-01-02T03:04:05.000006Z",
        "source": {"collector": "oisp-sensor"},
        "confidence": {"level": "high", "completeness": "full"},
        "data": {"request_id": format!("req-{n}"), "provider": {"name": "openai"}, "model": {"id": "gpt-4o"}},
    });
    log.append(SafeEvent::from_redacted(event.as_object().unwrap()));
}

fn ids(range: impl Iterator<Item = usize>) -> Vec<String> {
    range.map(|n| format!("event-{n}")).collect()
}

fn settings(batch: usize, dead_letters: &Path) -> RunSettings {
    let mut settings = RunSettings {
        retry: Retry {
            initial: HumanDuration::from_millis(1),
            max: HumanDuration::from_millis(20),
        },
        dead_letters: Some(DeadLetters::new(dead_letters, "compliance")),
        stop_within: std::time::Duration::from_secs(60),
        ..RunSettings::default()
    };
    settings.batch.events = batch;
    settings
}

/// Runs a sink over a log until it has delivered all of it.
fn drain(
    sink: Box<dyn Sink>,
    log: &EventLog,
    runtime: &Runtime,
    settings: RunSettings,
) -> SinkReport {
    let running = run_with(sink, log.cursor(), runtime.handle().clone(), settings).unwrap();
    let status = Arc::clone(running.status());
    running.stop();
    let report = status.report();
    assert_sum(&status, log);
    assert_eq!(report.state, SinkState::Stopped);
    assert_eq!((report.lag, report.dropped), (0, 0), "{report:?}");
    report
}

fn assert_sum(status: &SinkStatus, log: &EventLog) {
    let report = status.report();
    let sum = report.delivered + report.refused + report.filtered + report.lag + report.dropped;
    assert_eq!(sum, log.last_seq(), "{report:?}");
}

fn keeps_order_and_batches(make: &impl Fn(&Handle) -> Pair, runtime: &Runtime) {
    for (count, batch) in [(1, 1), (10, 3), (64, 64), (100, 7), (500, 512)] {
        let nowhere = tempfile::tempdir().unwrap();
        let (sink, receiver) = make(runtime.handle());
        let report = drain(
            sink,
            &log_of(count),
            runtime,
            settings(batch, nowhere.path()),
        );
        assert_eq!(receiver.received(), ids(1..=count), "{count} by {batch}");
        assert_eq!(report.delivered, count as u64);
        assert_eq!((report.retried, report.refused), (0, 0));
        assert_eq!(report.last_error, None);
        if let Some(largest) = receiver.largest_batch() {
            assert!(largest <= batch, "{largest} came at once, {batch} allowed");
        }
    }
}

fn loses_nothing_over_failures(make: &impl Fn(&Handle) -> Pair, runtime: &Runtime) {
    let nowhere = tempfile::tempdir().unwrap();
    let (sink, receiver) = make(runtime.handle());
    if !receiver.fail_next(3) {
        return;
    }
    let report = drain(sink, &log_of(40), runtime, settings(8, nowhere.path()));
    let mut received = receiver.received();
    received.dedup();
    assert_eq!(received, ids(1..=40));
    assert_eq!(report.retried, 3);
    assert!(report.last_error.is_some());
}

fn puts_refused_events_aside(make: &impl Fn(&Handle) -> Pair, runtime: &Runtime) {
    let directory = tempfile::tempdir().unwrap();
    let (sink, receiver) = make(runtime.handle());
    if !receiver.refuse("event-5") || !receiver.refuse("event-20") {
        return;
    }
    let settings = settings(10, directory.path());
    let letters = settings.dead_letters.clone().unwrap();
    let report = drain(sink, &log_of(30), runtime, settings);
    let taken = |n: &usize| !matches!(n, 5 | 20);
    assert_eq!(receiver.received(), ids((1..=30).filter(taken)));
    assert_eq!(
        (report.delivered, report.refused, report.retried),
        (28, 2, 0)
    );
    let text = std::fs::read_to_string(letters.path()).unwrap();
    let aside: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<DeadLetter>(line).unwrap())
        .map(|letter| {
            assert!(!letter.reason.is_empty());
            let event: serde_json::Value = serde_json::from_str(letter.event.get()).unwrap();
            event["event_id"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(aside, ["event-5", "event-20"]);
}

fn sends_a_marked_event(make: &impl Fn(&Handle) -> Pair, runtime: &Runtime) {
    let (mut sink, receiver) = make(runtime.handle());
    let id = send_test(sink.as_mut()).unwrap();
    assert_eq!(receiver.received(), [id]);
}

fn delivers_what_comes_while_it_runs(make: &impl Fn(&Handle) -> Pair, runtime: &Runtime) {
    let nowhere = tempfile::tempdir().unwrap();
    let (sink, receiver) = make(runtime.handle());
    let log = log_of(0);
    let settings = settings(16, nowhere.path());
    let running = run_with(sink, log.cursor(), runtime.handle().clone(), settings).unwrap();
    (1..=200).for_each(|n| append(&log, n));
    let status = Arc::clone(running.status());
    running.stop();
    assert_sum(&status, &log);
    assert_eq!(receiver.received(), ids(1..=200));
}
