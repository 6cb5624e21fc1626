//! Nothing is lost on the second way either.

use std::collections::VecDeque;

use oisp_config::HumanDuration;
use oisp_store::{Bounds, EventLog};
use serde_json::json;

use super::*;

type Answer = fn(&[Arc<Stored>]) -> Result<Delivered, DeliverError>;

/// Answers as it is told, then takes everything.
#[derive(Default)]
struct Receiver {
    ids: Vec<String>,
    answers: VecDeque<Answer>,
}

impl Receiver {
    fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            ids: Vec::new(),
            answers: answers.into_iter().collect(),
        }
    }
}

impl Sink for Receiver {
    fn name(&self) -> &'static str {
        "test"
    }

    fn deliver(&mut self, batch: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
        let answer = self.answers.pop_front();
        let answer = answer.map_or_else(|| Ok(Delivered::default()), |answer| answer(batch));
        let (taken, refused) = match &answer {
            Ok(Delivered { refused }) => (batch.len(), refused.clone()),
            Err(DeliverError::Partly {
                settled, refused, ..
            }) => (*settled, refused.clone()),
            Err(_) => (0, Vec::new()),
        };
        let is_refused = |stored: &Stored| refused.iter().any(|refusal| refusal.seq == stored.seq);
        let taken = batch
            .iter()
            .take(taken)
            .filter(|stored| !is_refused(stored));
        self.ids
            .extend(taken.map(|stored| stored.event.id().to_owned()));
        answer
    }

    fn close(&mut self) -> Result<(), DeliverError> {
        Ok(())
    }
}

fn refuses_second(batch: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
    let refused = vec![refusal(&batch[1])];
    Ok(Delivered { refused })
}

fn refusal(stored: &Stored) -> Refused {
    Refused {
        seq: stored.seq,
        reason: "no".into(),
    }
}

fn takes_three(_: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
    Err(DeliverError::Misconfigured("mend it".into()).after(3, Vec::new()))
}

fn fails(_: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
    Err(DeliverError::retry("away"))
}

const QUICK: Retry = Retry {
    initial: HumanDuration::from_millis(1),
    max: HumanDuration::from_millis(1),
};

fn keep(letters: &DeadLetters, range: std::ops::RangeInclusive<u64>) {
    let log = EventLog::new(Bounds::default());
    for n in range {
        let event = json!({"event_id": n.to_string(), "event_type": "x", "data": {"n": n}});
        log.append(SafeEvent::from_redacted(event.as_object().unwrap()));
    }
    let events = log.cursor().read(1000);
    let refused: Vec<_> = events.iter().map(|stored| refusal(stored)).collect();
    letters.keep(&events, &refused).unwrap();
}

fn ids(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

fn files(directory: &Path) -> Vec<String> {
    let names = std::fs::read_dir(directory).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = names.map(name).collect();
    names.sort();
    names
}

#[test]
fn all_letters_are_sent_the_oldest_first_and_the_files_go() {
    let directory = tempfile::tempdir().unwrap();
    // The bound makes the first ones the older file.
    let letters = DeadLetters::new(directory.path(), "test").bounded(30_000);
    keep(&letters, 1..=150);
    keep(&letters, 151..=250);
    assert_eq!(files(directory.path()), ["test.jsonl", "test.jsonl.1"]);
    let mut sink = Receiver::default();
    let resent = resend(&letters, &mut sink, QUICK).unwrap();
    assert_eq!(sink.ids, ids(1..=250));
    assert_eq!((resent.delivered, resent.refused), (250, 0));
    assert!(files(directory.path()).is_empty());
    assert_eq!(
        resend(&letters, &mut sink, QUICK).unwrap(),
        Resent::default()
    );
}

#[test]
fn what_was_not_sent_is_sent_next_time() {
    let directory = tempfile::tempdir().unwrap();
    let letters = DeadLetters::new(directory.path(), "test");
    keep(&letters, 1..=120);
    let mut sink = Receiver::answering([takes_three as Answer]);
    let error = resend(&letters, &mut sink, QUICK).unwrap_err().to_string();
    assert_eq!(
        error,
        "3 delivered, 0 refused again, then: mend it; the rest is kept, try again later"
    );
    // Meanwhile the sensor keeps another one.
    keep(&letters, 121..=121);
    let resent = resend(&letters, &mut sink, QUICK).unwrap();
    assert_eq!(sink.ids, ids(1..=121));
    assert_eq!(resent.delivered, 118);
    assert!(files(directory.path()).is_empty());
}

#[test]
fn a_receiver_that_is_away_for_a_moment_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let letters = DeadLetters::new(directory.path(), "test");
    keep(&letters, 1..=3);
    let mut sink = Receiver::answering([fails as Answer; 4]);
    assert_eq!(resend(&letters, &mut sink, QUICK).unwrap().delivered, 3);
    keep(&letters, 4..=6);
    let mut sink = Receiver::answering([fails as Answer; 5]);
    assert!(resend(&letters, &mut sink, QUICK).is_err());
    assert_eq!(files(directory.path()), ["test.jsonl.resending"]);
}

#[test]
fn what_is_refused_again_or_unreadable_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let letters = DeadLetters::new(directory.path(), "test");
    keep(&letters, 1..=2);
    let mut file = lines::open(letters.path()).unwrap();
    lines::append(&mut file, b"not a letter\n").unwrap();
    keep(&letters, 3..=3);
    let mut sink = Receiver::answering([refuses_second as Answer]);
    let resent = resend(&letters, &mut sink, QUICK).unwrap();
    let expected = Resent {
        delivered: 2,
        refused: 1,
        unreadable: 1,
    };
    assert_eq!(
        (resent, sink.ids),
        (expected, vec!["1".to_owned(), "3".into()])
    );
    assert_eq!(
        files(directory.path()),
        ["test.jsonl", "test.jsonl.unreadable"]
    );
    let kept = std::fs::read_to_string(letters.path()).unwrap();
    let letter: DeadLetter = serde_json::from_str(kept.trim_end()).unwrap();
    assert_eq!(
        letter.event.get(),
        r#"{"data":{"n":2},"event_id":"2","event_type":"x"}"#
    );
}
