//! `[sensor]`

use oisp_config::HumanDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::LevelFilter;

/// The sensor itself.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SensorSection {
    /// Stop after this time. Without it, the sensor runs until it is told to stop.
    pub duration: Option<HumanDuration>,
    /// How much is said on standard error. Taken up while the sensor runs.
    pub log_level: LogLevel,
}

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// Also what may be wrong, and what changed.
    #[default]
    Warn,
    /// Also what is done.
    Info,
    /// Also how.
    Debug,
    /// Everything but content.
    Trace,
}

impl LogLevel {
    /// What so many `-v` ask for.
    pub const fn of_verbosity(count: u8) -> Option<Self> {
        match count {
            0 => None,
            1 => Some(Self::Info),
            2 => Some(Self::Debug),
            _ => Some(Self::Trace),
        }
    }

    /// As the logging has it.
    pub const fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}
