//! A sensor of paper: a log with made-up events and a status to choose.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its own part, and fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use oisp_core::SafeEvent;
use oisp_store::{Bounds, EventLog};
use oisp_web::{AppState, Filters, Health, SensorStatus, Sink, Token, WebConfig};
use serde_json::{Value, json};

/// A status to choose.
#[derive(Default)]
pub(crate) struct Paper {
    pub(crate) ready: AtomicBool,
    rules: Mutex<[Vec<String>; 2]>,
}

impl SensorStatus for Paper {
    fn ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }

    fn health(&self) -> Health {
        Health {
            version: String::from("0.1.0"),
            errors: Some(vec![String::from("webhook said: made-up secret")]),
            counters: self.counters(),
            ..Health::default()
        }
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        [(String::from("pipeline.stored"), 3)].into()
    }

    fn sinks(&self) -> Vec<Sink> {
        vec![Sink {
            name: String::from("jsonl"),
            state: String::from("healthy"),
            delivered: 3,
            ..Sink::default()
        }]
    }

    fn filters(&self) -> Filters {
        let [include, exclude] = self.rules.lock().unwrap().clone();
        Filters {
            include,
            exclude,
            in_kernel: false,
        }
    }

    fn set_filters(&self, include: &[String], exclude: &[String]) -> Result<(), String> {
        if let Some(wrong) = include.iter().find(|rule| rule.ends_with(":x")) {
            return Err(format!("{wrong} is no number"));
        }
        *self.rules.lock().unwrap() = [include.to_vec(), exclude.to_vec()];
        Ok(())
    }

    fn doctor(&self) -> Value {
        json!({"kernel": "6.1.0"})
    }
}

/// Made up.
pub(crate) const TOKEN: &str = "made-up-token";

/// A dashboard that everybody on the machine may read.
pub(crate) fn open() -> WebConfig {
    WebConfig {
        open_reads: true,
        ..locked()
    }
}

/// A dashboard as it is without settings.
pub(crate) fn locked() -> WebConfig {
    WebConfig {
        token: Some(Token::new(TOKEN)),
        ..WebConfig::default()
    }
}

/// An event named `id`: odd ids are requests, even ids responses.
pub(crate) fn event(id: usize) -> SafeEvent {
    sized_event(id, 0)
}

/// The same with `bytes` of text in it.
pub(crate) fn sized_event(id: usize, bytes: usize) -> SafeEvent {
    let kind = if id.is_multiple_of(2) {
        "ai.response"
    } else {
        "ai.request"
    };
    let value = json!({
        "event_id": format!("E{id}"), "event_type": kind,
        "data": {"request_id": format!("req_{}", id.div_ceil(2)), "text": "x".repeat(bytes)},
    });
    SafeEvent::from_redacted(value.as_object().unwrap())
}

/// A sensor that has seen events 1 to `count`.
pub(crate) fn sensor(count: usize) -> (AppState, Arc<Paper>) {
    sensor_with(count, Bounds::default())
}

/// The same with a bounded log.
pub(crate) fn sensor_with(count: usize, bounds: Bounds) -> (AppState, Arc<Paper>) {
    let log = EventLog::new(bounds);
    for id in 1..=count {
        log.append(event(id));
    }
    let paper = Arc::new(Paper::default());
    (
        AppState {
            log,
            status: paper.clone(),
        },
        paper,
    )
}
