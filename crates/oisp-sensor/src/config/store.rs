//! `[store]`

use std::path::PathBuf;
use std::time::Duration;

use oisp_config::{ByteSize, Findings, HumanDuration};
use oisp_store::LogSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Smallest size that is worth a log.
const LEAST: u64 = 1 << 20;

/// The event log.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Events are kept in memory only: they end with the sensor.
    pub ephemeral: bool,
    /// Events older than this are deleted, once every sink has delivered them.
    pub max_age: HumanDuration,
    /// Size beyond which the oldest events are deleted, delivered or not.
    pub max_size: ByteSize,
    /// The log, a SQLite database. Without it, `events.db` in the state directory:
    /// /var/lib/oisp-sensor for root.
    pub path: Option<PathBuf>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            ephemeral: false,
            max_age: HumanDuration::from_secs(7 * 24 * 3600),
            max_size: ByteSize(2 << 30),
            path: None,
        }
    }
}

impl Store {
    /// How the log is kept.
    pub fn settings(&self) -> LogSettings {
        LogSettings {
            max_age: Some(self.max_age.get()),
            max_bytes: self.max_size.0,
            ..LogSettings::default()
        }
    }

    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if self.max_age.get() < Duration::from_secs(1) {
            findings.mistake("store.max_age", "is too short: give a second or more");
        }
        if self.max_size.0 < LEAST {
            findings.mistake("store.max_size", "is too small: give 1MiB or more");
        }
    }
}
