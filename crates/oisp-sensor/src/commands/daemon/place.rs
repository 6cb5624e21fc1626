//! The daemon's files: its lock, what is known of it, its log.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::platform;

/// Where they are.
pub struct Place {
    dir: PathBuf,
}

/// What the daemon was started as.
#[derive(Debug, Serialize, Deserialize)]
pub struct Started {
    /// Its process id.
    pub pid: u32,
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Options of `record`.
    pub options: Vec<String>,
}

/// Whether a daemon runs.
pub enum Lock {
    /// None: this is the lock, held.
    Free(File),
    /// One does.
    Held,
}

impl Place {
    /// The state directory of the user, made where it is missing.
    pub fn find() -> Result<Self, Failure> {
        let dir = platform::state_dir()
            .ok_or_else(|| Failure::new("no folder for the daemon's state; set HOME"))?;
        std::fs::create_dir_all(&dir).map_err(|error| {
            Failure::new(format_args!(
                "cannot make {}: {error}; make it, or run as its owner",
                dir.display()
            ))
        })?;
        Ok(Self { dir })
    }

    /// The daemon's log.
    pub fn log(&self) -> PathBuf {
        self.dir.join("daemon.log")
    }

    /// Tries to take the daemon's lock.
    pub fn lock(&self) -> Result<Lock, Failure> {
        let path = self.dir.join("daemon.lock");
        let failed = |error: &io::Error| {
            Failure::new(format_args!(
                "cannot lock {}: {error}; is it another user's daemon?",
                path.display()
            ))
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600);
        let file = options.open(&path).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock::Free(file)),
            Err(TryLockError::WouldBlock) => Ok(Lock::Held),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }

    /// What the daemon that runs was started as.
    pub fn started(&self) -> Result<Started, Failure> {
        let path = self.dir.join("daemon.json");
        let read =
            || -> anyhow::Result<Started> { Ok(serde_json::from_slice(&std::fs::read(&path)?)?) };
        read().map_err(|error| {
            Failure::new(format_args!(
                "a daemon runs, but {} does not tell which: {error:#}; look for it with `pgrep oisp-sensor`",
                path.display()
            ))
        })
    }

    /// Keeps it.
    pub fn keep(&self, started: &Started) -> io::Result<()> {
        let file = platform::private_file(&self.dir.join("daemon.json"))?;
        serde_json::to_writer(file, started).map_err(io::Error::from)
    }
}
