//! The keys of `[[export.jsonl]]`.

use std::path::PathBuf;

use oisp_config::{ByteSize, EventFilter, HumanDuration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Retry;
use crate::config::{Common, ConfigError, DEFAULT_NAME, full_name};

/// A file of events, one a line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JsonlConfig {
    /// Tells files apart: figures are kept under "jsonl.NAME".
    pub name: String,
    /// Whether it is written.
    pub enabled: bool,
    /// Which events it gets.
    pub filter: EventFilter,
    /// Most events of one write, from 1 to 100000.
    pub batch_size: usize,
    /// How long an event waits for others to be written with it.
    pub flush_interval: HumanDuration,
    /// When it tries again.
    pub retry: Retry,
    /// The file, or "-" for standard output. Its directory is made.
    pub path: PathBuf,
    /// When lines are forced onto the disk: "never" (the system's own time),
    /// "interval" (every sync_interval) or "batch" (after each write).
    pub sync: Sync,
    /// How long written lines may wait for the disk where sync is "interval".
    pub sync_interval: HumanDuration,
    /// When another file is begun, and what becomes of the old ones.
    pub rotate: Rotation,
}

/// When lines are forced onto the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sync {
    /// When the system does it.
    Never,
    /// Now and then.
    #[default]
    Interval,
    /// After each batch.
    Batch,
}

/// When another file is begun, and what becomes of the old ones.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {
    /// Size at which another file is begun. 0: never by size.
    pub max_size: ByteSize,
    /// Age at which another file is begun. "0s": never by age.
    pub max_age: HumanDuration,
    /// Whether old files are compressed with gzip.
    pub compress: bool,
    /// Most old files that are kept. 0: all.
    pub keep_files: usize,
    /// Most bytes of old files that are kept. 0: all.
    pub keep_size: ByteSize,
}

impl Default for JsonlConfig {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.into(),
            enabled: true,
            filter: EventFilter::default(),
            batch_size: 512,
            flush_interval: HumanDuration::from_secs(0),
            retry: Retry {
                initial: HumanDuration::from_millis(200),
                max: HumanDuration::from_secs(5),
            },
            path: "events.jsonl".into(),
            sync: Sync::default(),
            sync_interval: HumanDuration::from_secs(1),
            rotate: Rotation::default(),
        }
    }
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            max_size: ByteSize(0),
            max_age: HumanDuration::from_secs(0),
            compress: true,
            keep_files: 10,
            keep_size: ByteSize(0),
        }
    }
}

impl JsonlConfig {
    /// The sink's name in figures and messages.
    pub fn full_name(&self) -> String {
        full_name("jsonl", &self.name)
    }

    /// The keys that every sink has.
    pub fn common(&self) -> Common<'_> {
        Common {
            name: &self.name,
            filter: &self.filter,
            batch_size: self.batch_size,
            flush_interval: self.flush_interval,
            retry: self.retry,
        }
    }

    /// What is wrong with it, short of what only the disk knows.
    ///
    /// # Errors
    /// With the first key that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.common().check()?;
        if self.path.as_os_str().is_empty() {
            let problem = "is missing: name a file, or \"-\" for standard output";
            return Err(ConfigError::new("path", problem));
        }
        if self.sync == Sync::Interval && self.sync_interval.get().is_zero() {
            let problem = "must be more than nothing; for each write, set sync = \"batch\"";
            return Err(ConfigError::new("sync_interval", problem));
        }
        Ok(())
    }
}

impl Rotation {
    pub(super) fn is_wanted(&self) -> bool {
        self.max_size.bytes() > 0 || !self.max_age.get().is_zero()
    }
}
