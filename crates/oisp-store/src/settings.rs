//! How much the log keeps, and for how long.

use std::time::Duration;

/// How much is kept in memory.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most events.
    pub events: usize,
    /// Most bytes of JSON.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            events: 20_000,
            bytes: 24 << 20,
        }
    }
}

/// How a log on disk is kept.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// What stays in memory of events that are on disk: most readers read the
    /// newest.
    pub tail: Bounds,
    /// What waits in memory for the disk. Beyond it the oldest is lost, and
    /// counted.
    pub pending: Bounds,
    /// How long an event waits for others to share a commit with.
    pub group: Duration,
    /// Events older than this are deleted once every sink has passed them.
    /// `None` for no limit.
    pub max_age: Option<Duration>,
    /// Size beyond which the oldest events are deleted, passed or not.
    pub max_bytes: u64,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            tail: Bounds {
                events: 1_000,
                bytes: 4 << 20,
            },
            pending: Bounds::default(),
            group: Duration::from_millis(30),
            max_age: Some(Duration::from_secs(7 * 24 * 60 * 60)),
            max_bytes: 2 << 30,
        }
    }
}
