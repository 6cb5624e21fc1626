//! The event log: where it is, and how it is opened for writing and reading.

use std::path::{Path, PathBuf};

use oisp_store::{Bounds, EventLog, History, OpenError};

use crate::config::Store;
use crate::failure::Failure;
use crate::platform;

/// The log's name in the state directory.
const NAME: &str = "events.db";

/// The log that `record` writes.
pub fn open(store: &Store) -> Result<EventLog, Failure> {
    if store.ephemeral {
        return Ok(in_memory());
    }
    let path = match &store.path {
        Some(path) => path.clone(),
        None => own()?,
    };
    EventLog::open(&path, store.settings()).map_err(Failure::new)
}

/// A log that ends with the sensor.
pub fn in_memory() -> EventLog {
    EventLog::new(Bounds::default())
}

/// The log that `record` wrote, or writes: the one that is named, this user's,
/// or the one of a sensor of root.
pub fn history(named: Option<&Path>) -> Result<History, Failure> {
    let own = match named {
        Some(path) => path.to_owned(),
        None => own()?,
    };
    let missing = match History::open(&own) {
        Err(error @ OpenError::Missing { .. }) => error,
        opened => return opened.map_err(Failure::new),
    };
    let system = platform::system_state_dir().map(|dir| dir.join(NAME));
    if let Some(system) = system.filter(|system| named.is_none() && *system != own) {
        match History::open(&system) {
            Err(OpenError::Missing { .. }) => {}
            opened => return opened.map_err(Failure::new),
        }
    }
    Err(Failure::new(format_args!(
        "{missing}; --input reads an events file"
    )))
}

fn own() -> Result<PathBuf, Failure> {
    let dir = platform::state_dir().ok_or_else(|| {
        Failure::new(format_args!(
            "there is no folder for the event log: HOME is not set; name a file with --store, or keep events in memory with --ephemeral"
        ))
    })?;
    Ok(dir.join(NAME))
}
