//! Order, retries, dead letters, figures, the stop.

use std::sync::Mutex;

use oisp_config::HumanDuration;
use oisp_core::SafeEvent;
use oisp_store::{Bounds, EventLog};
use serde_json::json;

use super::*;
use crate::{DeadLetter, SinkState};

type Log = Arc<Mutex<Vec<u64>>>;

/// Answers with what it was given, then takes everything.
struct Scripted {
    delivered: Log,
    batches: Arc<Mutex<Vec<usize>>>,
    script: Vec<Step>,
    then: Step,
}

impl Sink for Scripted {
    fn name(&self) -> &'static str {
        "test"
    }

    fn deliver(&mut self, batch: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
        let answer = match self.script.is_empty() {
            true => (self.then)(batch),
            false => self.script.remove(0)(batch),
        };
        let taken = match &answer {
            Ok(_) => batch.len(),
            Err(DeliverError::Partly { settled, .. }) => *settled,
            Err(_) => 0,
        };
        let refused = match &answer {
            Ok(Delivered { refused }) | Err(DeliverError::Partly { refused, .. }) => {
                refused.clone()
            }
            Err(_) => Vec::new(),
        };
        let is_refused = |seq| refused.iter().any(|refusal| refusal.seq == seq);
        let seqs = batch.iter().take(taken).map(|stored| stored.seq);
        self.delivered
            .lock()
            .unwrap()
            .extend(seqs.filter(|seq| !is_refused(*seq)));
        self.batches.lock().unwrap().push(batch.len());
        answer
    }

    fn close(&mut self) -> Result<(), DeliverError> {
        Ok(())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a step of a script")]
fn takes(_: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
    Ok(Delivered::default())
}

fn fails(_: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
    Err(DeliverError::Write {
        target: "test".into(),
        source: std::io::ErrorKind::StorageFull.into(),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "a step of a script")]
fn refuses_first(batch: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
    Ok(Delivered {
        refused: refusal(batch),
    })
}

fn refusal(batch: &[Arc<Stored>]) -> Vec<Refused> {
    vec![Refused {
        seq: batch[0].seq,
        reason: "not \"valid\"".into(),
    }]
}

fn takes_two(batch: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
    Err(DeliverError::retry("cut off").after(2, refusal(batch)))
}

fn log_of(count: usize) -> EventLog {
    let log = EventLog::new(Bounds::default());
    for n in 1..=count {
        let kind = if n.is_multiple_of(2) {
            "ai.response"
        } else {
            "ai.request"
        };
        let event = json!({"event_id": n.to_string(), "event_type": kind});
        log.append(SafeEvent::from_redacted(event.as_object().unwrap()));
    }
    log
}

struct Ran {
    delivered: Vec<u64>,
    batches: Vec<usize>,
    status: Arc<SinkStatus>,
}

fn fast() -> RunSettings {
    RunSettings {
        retry: Retry {
            initial: HumanDuration::from_millis(1),
            max: HumanDuration::from_millis(2),
        },
        stop_within: Duration::from_secs(60),
        ..RunSettings::default()
    }
}

/// Gives up with the first failure once it is told to stop.
fn no_patience() -> RunSettings {
    RunSettings {
        stop_within: Duration::ZERO,
        ..fast()
    }
}

type Step = fn(&[Arc<Stored>]) -> Result<Delivered, DeliverError>;

fn ran(log: &EventLog, script: &[Step], then: Step, settings: RunSettings) -> Ran {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let (delivered, batches) = (Log::default(), Arc::default());
    let sink = Scripted {
        delivered: Arc::clone(&delivered),
        batches: Arc::clone(&batches),
        script: script.to_vec(),
        then,
    };
    let running = run_with(
        Box::new(sink),
        log.cursor(),
        runtime.handle().clone(),
        settings,
    )
    .unwrap();
    let status = running.status().clone();
    running.stop();
    let delivered = delivered.lock().unwrap().clone();
    let batches = batches.lock().unwrap().clone();
    Ran {
        delivered,
        batches,
        status,
    }
}

#[test]
fn stopping_delivers_what_the_log_holds() {
    let log = log_of(1500);
    let ran = ran(&log, &[], takes, fast());
    assert_eq!(ran.delivered, (1..=1500).collect::<Vec<_>>());
    assert_eq!(ran.status.counters()["sink.test.queued"], 0);
    assert_eq!(ran.status.report().state, SinkState::Stopped);
}

#[test]
fn what_cannot_be_delivered_by_the_deadline_stays_queued() {
    let log = log_of(3);
    let ran = ran(&log, &[], fails, no_patience());
    assert!(ran.delivered.is_empty());
    assert_eq!(ran.status.counters()["sink.test.queued"], 3);
    assert!(ran.status.last_error().is_some());
}

#[test]
fn a_failed_batch_comes_again_and_the_order_holds() {
    let log = log_of(3);
    let ran = ran(&log, &[fails, fails], takes, fast());
    assert_eq!(ran.delivered, [1, 2, 3]);
    assert_eq!(ran.status.counters()["sink.test.retried"], 2);
    assert_eq!(ran.status.last_error(), None);
    let last = ran.status.report().last_error.unwrap();
    assert!(last.message.contains("cannot write test"), "{last:?}");
}

#[test]
fn after_a_part_only_the_rest_comes_again() {
    let log = log_of(5);
    let ran = ran(&log, &[takes_two], takes, fast());
    assert_eq!(ran.delivered, [2, 3, 4, 5]);
    assert_eq!(ran.batches, [5, 3]);
    let report = ran.status.report();
    assert_eq!((report.delivered, report.refused, report.lag), (4, 1, 0));
}

#[test]
fn refused_events_are_kept_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let log = log_of(3);
    let mut settings = fast();
    let letters = DeadLetters::new(&directory.path().join("made"), "test");
    settings.dead_letters = Some(letters.clone());
    let ran = ran(&log, &[refuses_first], takes, settings);
    assert_eq!(ran.delivered, [2, 3]);
    assert_eq!(ran.status.report().refused, 1);
    let text = std::fs::read_to_string(letters.path()).unwrap();
    let letter: DeadLetter = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!((&*letter.sink, &*letter.reason), ("test", "not \"valid\""));
    assert_eq!(letter.event.get(), log.get("1").unwrap().event.json());
}

#[test]
fn refused_events_that_cannot_be_kept_hold_the_sink() {
    let directory = tempfile::tempdir().unwrap();
    let in_the_way = directory.path().join("file");
    std::fs::write(&in_the_way, "").unwrap();
    let mut settings = no_patience();
    settings.dead_letters = Some(DeadLetters::new(&in_the_way, "test"));
    let ran = ran(&log_of(2), &[], refuses_first, settings);
    let report = ran.status.report();
    assert_eq!((report.delivered, report.refused, report.lag), (0, 0, 2));
    assert!(ran.status.last_error().unwrap().contains("file/test.jsonl"));
}

#[test]
fn batches_end_at_their_bounds() {
    let mut settings = fast();
    settings.batch.events = 10;
    let ran_by_number = ran(&log_of(25), &[], takes, settings.clone());
    assert_eq!(ran_by_number.batches, [10, 10, 5]);
    settings.batch.events = 1000;
    settings.batch.bytes = 1;
    let ran_by_bytes = ran(&log_of(40), &[], takes, settings);
    assert_eq!(ran_by_bytes.batches, [16, 16, 8]);
}

#[test]
fn what_the_filter_leaves_out_is_counted_and_passed() {
    let mut settings = fast();
    settings.filter.event_types = vec!["*.response".into()];
    let ran = ran(&log_of(9), &[], takes, settings);
    assert_eq!(ran.delivered, [2, 4, 6, 8]);
    let report = ran.status.report();
    assert_eq!((report.filtered, report.delivered, report.lag), (5, 4, 0));
}

/// Takes nothing until it is let go.
struct Stuck(std::sync::mpsc::Receiver<()>);

impl Sink for Stuck {
    fn name(&self) -> &'static str {
        "stuck"
    }

    fn deliver(&mut self, _: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
        self.0.recv().unwrap();
        Ok(Delivered::default())
    }

    fn close(&mut self) -> Result<(), DeliverError> {
        Ok(())
    }
}

#[test]
fn a_sink_that_is_stuck_holds_up_no_other() {
    let log = log_of(5);
    let (let_go, held) = std::sync::mpsc::sync_channel(8);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    let stuck = run_with(Box::new(Stuck(held)), log.cursor(), handle, fast()).unwrap();
    assert_eq!(ran(&log, &[], takes, fast()).delivered, [1, 2, 3, 4, 5]);
    log.append(SafeEvent::from_redacted(&serde_json::Map::new()));
    assert_eq!(log.last_seq(), 6);
    assert_eq!(stuck.status().report().delivered, 0);
    (0..6).for_each(|_| let_go.send(()).unwrap());
    let status = stuck.status().clone();
    stuck.stop();
    assert_eq!(status.report().delivered, 6);
}

#[test]
fn a_sink_that_breaks_says_so() {
    let (let_go, held) = std::sync::mpsc::sync_channel(8);
    drop(let_go);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    let log = log_of(1);
    let broken = run_with(Box::new(Stuck(held)), log.cursor(), handle, fast()).unwrap();
    let status = broken.status().clone();
    broken.stop();
    assert_eq!(status.report().state, SinkState::Stopped);
    assert!(status.last_error().unwrap().contains("the sink broke"));
}
