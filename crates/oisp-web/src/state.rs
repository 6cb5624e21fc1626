//! What the routes read.

use std::collections::BTreeMap;
use std::sync::Arc;

use oisp_store::EventLog;
use serde_json::Value;

use crate::filters::Filters;
use crate::health::Health;
use crate::sinks::Sink;

/// The sensor's own account of its state.
pub trait SensorStatus: Send + Sync {
    /// Capture is attached: what observed programs do from now on is seen.
    fn ready(&self) -> bool;

    /// Why it is not ready yet, in a sentence.
    fn not_ready_reason(&self) -> String {
        String::from("capture is not attached yet; /api/doctor tells what is missing")
    }

    /// How the sensor is, for `/api/health`.
    fn health(&self) -> Health;

    /// All figures, named `part.figure`, for the metrics.
    fn counters(&self) -> BTreeMap<String, u64>;

    /// Where events are delivered, for `/api/sinks`.
    fn sinks(&self) -> Vec<Sink> {
        Vec::new()
    }

    /// The rules that name captured processes, for `/api/filters`.
    fn filters(&self) -> Filters {
        Filters::default()
    }

    /// Puts other rules in force.
    ///
    /// # Errors
    /// When a rule cannot be understood, in a sentence.
    fn set_filters(&self, include: &[String], exclude: &[String]) -> Result<(), String> {
        let _ = (include, exclude);
        Err(String::from("this sensor takes no rules"))
    }

    /// What is captured, what is not and why, for `/api/doctor`. May take a
    /// while: it is called on a thread that may block.
    fn doctor(&self) -> Value;
}

/// What the routes read. Clones share it.
#[derive(Clone)]
pub struct AppState {
    /// The event log.
    pub log: EventLog,
    /// The sensor.
    pub status: Arc<dyn SensorStatus>,
}
