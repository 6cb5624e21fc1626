//! The sensor's account of itself, for the dashboard and the closing note.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use oisp_core::capture::CaptureStatus;
use oisp_core::counters::Snapshot;
use oisp_export::SinkStatus;
use oisp_redact::Mode;
use oisp_web::SensorStatus;
use serde_json::{Value, json};

/// What the parts report.
pub struct Status {
    started: Instant,
    redaction: Mode,
    ready: AtomicBool,
    capture: OnceLock<Arc<dyn CaptureStatus>>,
    pipeline: OnceLock<Arc<Mutex<Snapshot>>>,
    sinks: OnceLock<Vec<Arc<SinkStatus>>>,
}

impl Status {
    /// Nothing runs yet.
    pub fn new(redaction: Mode) -> Self {
        Self {
            started: Instant::now(),
            redaction,
            ready: AtomicBool::new(false),
            capture: OnceLock::new(),
            pipeline: OnceLock::new(),
            sinks: OnceLock::new(),
        }
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
    pub fn capture_runs(&self, status: Arc<dyn CaptureStatus>) {
        let _ = self.capture.set(status);
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
        let errors = self.sink_errors();
        json!({
            "status": if errors.is_empty() { "ok" } else { "degraded" },
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_seconds": self.started.elapsed().as_secs(),
            "ready": self.ready(),
            "redaction": self.redaction.as_str(),
            "errors": errors,
            "counters": self.counters(),
        })
    }

    fn doctor(&self) -> Value {
        match self.capture.get() {
            Some(capture) => capture.details(),
            None => json!({"state": "capture is not attached yet"}),
        }
    }
}
