//! The sensor's account of itself, for the dashboard and the closing note.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use oisp_core::capture::{CaptureStatus, ControlSlot, ProcessFilter, ProcessRule, RunningCapture};
use oisp_core::counters::Snapshot;
use oisp_export::SinkStatus;
use oisp_policy::Filter;
use oisp_redact::Mode;
use oisp_store::{EventLog, StoreState};
use oisp_web::SensorStatus;
use serde_json::{Value, json};

/// What the parts report.
pub struct Status {
    started: Instant,
    log: EventLog,
    redaction: Mode,
    ready: AtomicBool,
    capture: OnceLock<Arc<dyn CaptureStatus>>,
    pipeline: OnceLock<Arc<Mutex<Snapshot>>>,
    sinks: OnceLock<Vec<Arc<SinkStatus>>>,
    control: ControlSlot,
    filter: Filter,
}

impl Status {
    /// Nothing runs yet.
    pub fn new(redaction: Mode, log: EventLog) -> Self {
        Self {
            started: Instant::now(),
            log,
            redaction,
            ready: AtomicBool::new(false),
            capture: OnceLock::new(),
            pipeline: OnceLock::new(),
            sinks: OnceLock::new(),
            control: ControlSlot::default(),
            filter: Filter::default(),
        }
    }

    /// Where the capture can be steered from.
    pub fn control(&self) -> ControlSlot {
        Arc::clone(&self.control)
    }

    /// Which events are kept, beginning with those rules.
    pub fn filter(&self, rules: ProcessFilter) -> Filter {
        self.filter.set(rules);
        self.filter.clone()
    }

    /// The stages run.
    pub fn pipeline_runs(&self, counters: Arc<Mutex<Snapshot>>) {
        let _ = self.pipeline.set(counters);
    }

    /// The sinks run.
    pub fn sinks_run(&self, sinks: Vec<Arc<SinkStatus>>) {
        let _ = self.sinks.set(sinks);
    }

    /// Capture is attached.
    pub fn capture_runs(&self, capture: &dyn RunningCapture) {
        let _ = self.capture.set(capture.status());
        if let Some(control) = capture.control() {
            let _ = self.control.set(control);
        }
        self.ready.store(true, Ordering::Release);
    }

    /// All figures.
    pub fn counters(&self) -> Snapshot {
        let capture = self.capture.get().map(|capture| capture.counters());
        let named = |(name, figure)| (format!("capture.{name}"), figure);
        let mut counters: Snapshot = capture.into_iter().flatten().map(named).collect();
        if let Some(pipeline) = self.pipeline.get() {
            counters.extend(
                pipeline
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone(),
            );
        }
        counters.extend(
            self.sinks
                .get()
                .into_iter()
                .flatten()
                .flat_map(|sink| sink.counters()),
        );
        counters.extend(self.log.status().counters());
        counters
    }

    /// The last error of each sink that has one.
    pub fn sink_errors(&self) -> Vec<String> {
        self.sinks
            .get()
            .into_iter()
            .flatten()
            .filter_map(|sink| sink.last_error())
            .collect()
    }
}

impl SensorStatus for Status {
    fn ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    fn health(&self) -> Value {
        let store = self.log.status();
        let mut errors = self.sink_errors();
        if store.state == StoreState::Failing {
            let error = store.last_error.as_deref().unwrap_or_default();
            errors.push(format!("the event log cannot be written: {error}"));
        }
        json!({
            "status": if errors.is_empty() { "ok" } else { "degraded" },
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_seconds": self.started.elapsed().as_secs(),
            "ready": self.ready(),
            "redaction": self.redaction.as_str(),
            "errors": errors,
            "store": store,
            "counters": self.counters(),
        })
    }

    fn filters(&self) -> Value {
        let rules = self.filter.rules();
        let list =
            |rules: &[ProcessRule]| rules.iter().map(ToString::to_string).collect::<Vec<_>>();
        json!({
            "include": list(&rules.include),
            "exclude": list(&rules.exclude),
            "in_kernel": self.control.get().is_some(),
        })
    }

    fn set_filters(&self, include: &[String], exclude: &[String]) -> Result<(), String> {
        let rules = |rules: &[String]| {
            rules
                .iter()
                .map(|rule| rule.parse::<ProcessRule>())
                .collect::<Result<Vec<_>, _>>()
        };
        let filter = ProcessFilter {
            include: rules(include)?,
            exclude: rules(exclude)?,
        };
        if let Some(control) = self.control.get() {
            control.set_filter(&filter);
        }
        self.filter.set(filter);
        Ok(())
    }

    fn doctor(&self) -> Value {
        match self.capture.get() {
            Some(capture) => capture.details(),
            None => json!({"state": "capture is not attached yet"}),
        }
    }
}
