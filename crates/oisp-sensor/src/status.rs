//! The sensor's account of itself, for the dashboard and the closing note.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use oisp_core::capture::{CaptureStatus, ControlSlot, ProcessFilter, ProcessRule, RunningCapture};
use oisp_core::counters::Snapshot;
use oisp_export::{SinkReport, SinkState, SinkStatus};
use oisp_policy::Filter;
use oisp_redact::Mode;
use oisp_store::{EventLog, StoreState};
use oisp_web::{Filters, Health, HealthStatus, Reason, SensorStatus, Sink, SinkError};
use serde_json::{Value, json};

use crate::health::Losses;

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
    losses: Losses,
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
            losses: Losses::new(),
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

    /// From now on, those rules hold: in the capture, and for events.
    pub fn set_rules(&self, rules: ProcessFilter) {
        if let Some(control) = self.control.get() {
            control.set_filter(&rules);
        }
        self.filter.set(rules);
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

    /// Looks at what was lost; to be called every now and then.
    pub fn sample(&self) {
        self.losses.sample(&self.counters(), Instant::now());
    }

    /// What is wrong at the moment.
    fn reasons(&self, counters: &Snapshot) -> Vec<Reason> {
        let not_attached = (!self.ready()).then(|| Reason {
            code: "capture_not_attached",
            message: self.not_ready_reason(),
        });
        let sinks = self.sinks.get().into_iter().flatten();
        let failing = sinks.filter(|sink| sink.last_error().is_some());
        let failing = failing.map(|sink| Reason {
            code: "sink_failing",
            message: format!("the sink {} fails; /api/sinks tells why", sink.name()),
        });
        let store = self.store_error().map(|_| Reason {
            code: "event_log_failing",
            message: String::from(
                "the event log cannot be written, and events are kept in memory meanwhile; the sensor's own log tells why",
            ),
        });
        not_attached
            .into_iter()
            .chain(store)
            .chain(self.losses.reasons(counters))
            .chain(failing)
            .collect()
    }

    /// Why the event log cannot be written, where it cannot.
    fn store_error(&self) -> Option<String> {
        let store = self.log.status();
        (store.state == StoreState::Failing).then(|| store.last_error.unwrap_or_default())
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

    fn health(&self) -> Health {
        let counters = SensorStatus::counters(self);
        let reasons = self.reasons(&counters);
        Health {
            status: match (self.ready(), reasons.is_empty()) {
                (false, _) => HealthStatus::Starting,
                (true, false) => HealthStatus::Degraded,
                (true, true) => HealthStatus::Ok,
            },
            reasons,
            version: String::from(env!("CARGO_PKG_VERSION")),
            uptime_seconds: self.started.elapsed().as_secs(),
            ready: self.ready(),
            redaction: String::from(self.redaction.as_str()),
            errors: Some(
                self.sink_errors()
                    .into_iter()
                    .chain(self.store_error())
                    .collect(),
            ),
            counters,
        }
    }

    fn counters(&self) -> Snapshot {
        Self::counters(self)
    }

    fn sinks(&self) -> Vec<Sink> {
        let sinks = self.sinks.get().into_iter().flatten();
        sinks.map(|sink| of_sink(sink.report())).collect()
    }

    fn filters(&self) -> Filters {
        let rules = self.filter.rules();
        let list =
            |rules: &[ProcessRule]| rules.iter().map(ToString::to_string).collect::<Vec<_>>();
        Filters {
            include: list(&rules.include),
            exclude: list(&rules.exclude),
            in_kernel: self.control.get().is_some(),
        }
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
        self.set_rules(filter);
        Ok(())
    }

    fn doctor(&self) -> Value {
        match self.capture.get() {
            Some(capture) => capture.details(),
            None => json!({"state": "capture is not attached yet"}),
        }
    }
}

fn of_sink(report: SinkReport) -> Sink {
    let last_error = report.last_error.map(|error| SinkError {
        message: error.message,
        at: Some(error.at.to_rfc3339()),
    });
    Sink {
        name: report.name,
        state: String::from(word(report.state)),
        since: Some(report.since.to_rfc3339()),
        last_error,
        lag: report.lag,
        delivered: report.delivered,
        retried: report.retried,
        refused: report.refused,
        filtered: report.filtered,
        dropped: report.dropped,
    }
}

const fn word(state: SinkState) -> &'static str {
    match state {
        SinkState::Starting => "starting",
        SinkState::Healthy => "healthy",
        SinkState::Retrying => "retrying",
        SinkState::Failing => "failing",
        SinkState::Stopped => "stopped",
    }
}
