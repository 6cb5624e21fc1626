//! What the sensor says of itself on standard error, and how much.

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt, reload};

use crate::config::LogLevel;

/// How much is said; clones change the same.
#[derive(Clone)]
pub struct Level(reload::Handle<LevelFilter, Registry>);

impl Level {
    /// Begins to speak. To be called once.
    pub fn start(level: LogLevel) -> Self {
        let (filter, handle) = reload::Layer::new(level.filter());
        let lines = fmt::layer()
            .with_writer(std::io::stderr)
            .with_target(false)
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
        tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .init();
        Self(handle)
    }

    /// From now on, so much.
    ///
    /// # Errors
    /// Nobody speaks any more.
    pub fn set(&self, level: LogLevel) -> Result<(), String> {
        self.0
            .reload(level.filter())
            .map_err(|error| error.to_string())
    }
}
