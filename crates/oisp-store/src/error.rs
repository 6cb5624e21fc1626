//! Why a log could not be opened or read.

use std::io;
use std::path::PathBuf;

/// Why a log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or the file could not be made.
    #[error("cannot write the event log {path}: {source}; name another file with --store, or keep events in memory with --ephemeral", path = path.display())]
    File {
        /// The log.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Another process writes to it.
    #[error("the event log {path} is written by another sensor{by}; stop that one, name another file with --store, or keep events in memory with --ephemeral", path = path.display(), by = pid.map_or(String::new(), |pid| format!(" (pid {pid})")))]
    Locked {
        /// The log.
        path: PathBuf,
        /// Who has it, where that can be told.
        pid: Option<u32>,
    },
    /// A newer sensor wrote it.
    #[error("the event log {path} is of a newer version of the sensor (schema {found}, this one knows {known}); run that version, or name another file with --store", path = path.display())]
    Newer {
        /// The log.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that is known here.
        known: i64,
    },
    /// A database, but of something else.
    #[error("{path} is a database of another program; name another file with --store", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged and could not be moved out of the way.
    #[error("the event log {path} is damaged and cannot be moved aside: {source}; move it away, or name another file with --store", path = path.display())]
    Damaged {
        /// The log.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// There is none to read.
    #[error("there is no event log {path}; `oisp-sensor record` writes it, and --store names another", path = path.display())]
    Missing {
        /// The log.
        path: PathBuf,
    },
    /// The system does not let it be read.
    #[error("cannot read the event log {path}: {source}; a log that a sensor of root writes is read by root: try with sudo", path = path.display())]
    Unreadable {
        /// The log.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// An older sensor wrote it, and only a writer may bring it up to date.
    #[error("the event log {path} is of an older version of the sensor; `oisp-sensor record` brings it up to date", path = path.display())]
    Older {
        /// The log.
        path: PathBuf,
    },
    /// SQLite cannot open it.
    #[error("cannot open the event log {path}: {source}; is its folder writable and is there room on the disk? --store names another file, --ephemeral keeps events in memory", path = path.display())]
    Database {
        /// The log.
        path: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// The system has no thread for it.
    #[error("cannot start a thread for the event log: {0}")]
    Thread(io::Error),
}

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the event log {path}: {source}", path = path.display())]
pub struct ReadError {
    /// The log.
    pub path: PathBuf,
    /// SQLite's answer.
    pub source: rusqlite::Error,
}

/// The database's content makes no sense: nothing that trying again would heal.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
    )
}
