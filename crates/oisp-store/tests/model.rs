//! Whatever is done in whatever order: a model of the log, as simple as can be,
//! says what must come of it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use oisp_store::{Bounds, Cursor, EventLog, Filter, LogSettings};
use proptest::prelude::*;
use proptest::test_runner::Config;
use support::{PATIENCE, event};

const SINKS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Step {
    /// An event of that id; an id may come again.
    Append(u8),
    Flush,
    Open(usize),
    Read(usize, usize),
    Commit(usize),
    Rewind(usize),
    Restart,
    /// Restart, and everything that is old and passed goes.
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0..200u8).prop_map(Step::Append),
        2 => Just(Step::Flush),
        2 => (0..3usize).prop_map(Step::Open),
        6 => (0..3usize, 1..8usize).prop_map(|(sink, limit)| Step::Read(sink, limit)),
        4 => (0..3usize).prop_map(Step::Commit),
        1 => (0..3usize).prop_map(Step::Rewind),
        1 => Just(Step::Restart),
        1 => Just(Step::Forget),
    ];
    proptest::collection::vec(step, 1..120)
}

/// What must be true of the log.
#[derive(Default)]
struct Model {
    /// Every event that is there, by position.
    events: BTreeMap<u64, String>,
    last: u64,
    /// Of each sink: what it committed, and what it read.
    places: BTreeMap<usize, (u64, u64)>,
}

impl Model {
    fn append(&mut self, id: &str, seq: u64) {
        let known = self.events.iter().find(|(_, known)| *known == id);
        match known {
            // In memory it is recognised at once, on disk by the writer: a
            // copy has a position until then.
            Some(_) => assert!(seq <= self.last + 1),
            None => {
                assert_eq!(seq, self.last + 1);
                self.events.insert(seq, id.to_owned());
            }
        }
        self.last = self.last.max(seq);
    }

    fn read(&mut self, sink: usize, got: &[(u64, String)], limit: usize) {
        let (_, read) = self.places.get_mut(&sink).unwrap();
        let wanted = self.events.range(*read..).take(limit);
        let wanted: Vec<_> = wanted.map(|(seq, id)| (*seq, id.clone())).collect();
        assert_eq!(got, wanted);
        if let Some((last, _)) = got.last() {
            *read = last + 1;
        }
    }

    fn forget(&mut self) {
        let hold = self.places.values().map(|(committed, _)| *committed).min();
        let hold = hold.unwrap_or(u64::MAX);
        self.events.retain(|seq, _| *seq >= hold);
    }

    fn restart(&mut self) {
        self.places.values_mut().for_each(|place| place.1 = place.0);
    }
}

struct World<'a> {
    path: &'a Path,
    log: EventLog,
    cursors: BTreeMap<usize, Cursor>,
    model: Model,
}

impl World<'_> {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Append(id) => {
                let id = id.to_string();
                let seq = self.log.append(event(&id, "x"));
                self.model.append(&id, seq);
            }
            Step::Flush => assert!(self.log.flush(PATIENCE)),
            Step::Open(sink) => self.open(*sink),
            Step::Read(sink, limit) => self.read(*sink, *limit),
            Step::Commit(sink) => {
                if let Some(cursor) = self.cursors.get_mut(sink) {
                    cursor.commit();
                    let place = self.model.places.get_mut(sink).unwrap();
                    place.0 = place.1;
                }
            }
            Step::Rewind(sink) => {
                if let Some(cursor) = self.cursors.get_mut(sink) {
                    cursor.rewind();
                    let place = self.model.places.get_mut(sink).unwrap();
                    place.1 = place.0;
                }
            }
            Step::Restart => self.restart(&settings()),
            Step::Forget => self.forget(),
        }
    }

    fn open(&mut self, sink: usize) {
        let next = self.log.last_seq() + 1;
        self.cursors.insert(sink, self.log.sink_cursor(SINKS[sink]));
        let place = self.model.places.entry(sink).or_insert((next, next));
        place.1 = place.0;
    }

    fn read(&mut self, sink: usize, limit: usize) {
        // What is not on disk yet may come or not; what is on disk must.
        assert!(self.log.flush(PATIENCE));
        if let Some(cursor) = self.cursors.get_mut(&sink) {
            let got: Vec<_> = cursor
                .read(limit)
                .iter()
                .map(|stored| (stored.seq, stored.event.id().to_owned()))
                .collect();
            self.model.read(sink, &got, limit);
            assert_eq!(cursor.missed(), 0);
        }
    }

    fn restart(&mut self, settings: &LogSettings) {
        self.cursors.clear();
        self.log.close();
        // The lock goes with the last that holds the log.
        let nothing = EventLog::new(Bounds::default());
        drop(std::mem::replace(&mut self.log, nothing));
        self.log = EventLog::open(self.path, settings.clone()).unwrap();
        self.model.restart();
    }

    fn forget(&mut self) {
        let forgetful = LogSettings {
            max_age: Some(Duration::ZERO),
            ..settings()
        };
        self.restart(&forgetful);
        self.model.forget();
        let there = self.model.events.len();
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.log.newest(None, 999, &Filter::default()).len() != there {
            assert!(std::time::Instant::now() < deadline, "{there} are to stay");
            std::thread::yield_now();
        }
        self.restart(&settings());
    }

    fn check(&self) {
        assert!(self.log.flush(PATIENCE));
        let there = self.log.newest(None, 999, &Filter::default());
        let there: Vec<_> = there
            .iter()
            .rev()
            .map(|stored| (stored.seq, stored.event.id()))
            .collect();
        let wanted: Vec<_> = self
            .model
            .events
            .iter()
            .map(|(seq, id)| (*seq, id.as_str()))
            .collect();
        assert_eq!(there, wanted);
        assert_eq!(self.log.last_seq(), self.model.last);
    }
}

fn settings() -> LogSettings {
    LogSettings {
        group: Duration::from_micros(100),
        ..support::hasty()
    }
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_log_does_what_the_model_does(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.db");
        let mut world = World {
            path: &path,
            log: EventLog::open(&path, settings()).unwrap(),
            cursors: BTreeMap::new(),
            model: Model::default(),
        };
        for step in &steps {
            world.take(step);
        }
        world.check();
        world.restart(&settings());
        world.check();
    }
}
