//! What the user decides about events: which are kept, which of many are kept,
//! and what is worth an alert.
//!
//! In: enriched events, before redaction. Out: a [`Verdict`] for each, and
//! [`Alert`]s. Alerts look at every event of the processes that are captured,
//! also at those that are then filtered or sampled away: what was spent does not
//! depend on what is kept.
//!
//! The rules know no clock: time is that of the events. Rules may be replaced
//! at any time; alerts that stay as they were keep what they counted.

pub mod alert;
mod config;
mod processes;
mod sample;
mod stage;

pub use alert::{Alert, AlertOutput, Notice, OpenFile};
pub use config::{AlertRule, AlertWebhook, PolicyConfig, PolicyError, Sample, When};
pub use processes::Filter;
pub use stage::{Policy, Rules, Verdict};
