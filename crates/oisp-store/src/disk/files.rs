//! The files of a log: the database, what SQLite puts beside it, and the lock.
//!
//! The database is only ever opened by SQLite while it is in use: to close a
//! file of one's own would let go SQLite's locks on it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::format_description;

use super::private;

/// Where a log is.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The database.
    pub path: PathBuf,
}

impl Files {
    /// The files of the log at `path`.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The lock file.
    pub fn lock(&self) -> PathBuf {
        with_suffix(&self.path, ".lock")
    }

    /// Makes folder and file, closed to others, where they are not there. SQLite
    /// gives the files beside it the same mode.
    pub fn make(&self) -> io::Result<()> {
        if let Some(folder) = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            private::make_dir(folder)?;
        }
        private::open_file(&self.path).map(drop)
    }

    /// Moves a damaged database out of the way, whole: where to.
    pub fn move_aside(&self) -> io::Result<PathBuf> {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let now = OffsetDateTime::now_utc();
        let time = now.format(&format).map_err(io::Error::other)?;
        let names = (0..1000).map(|n| match n {
            0 => with_suffix(&self.path, &format!(".corrupt-{time}")),
            n => with_suffix(&self.path, &format!(".corrupt-{time}.{n}")),
        });
        let aside = names
            .into_iter()
            .find(|name| !name.exists())
            .ok_or_else(|| io::Error::other("too many damaged ones beside it"))?;
        // The write-ahead log first: one that stayed behind would be played
        // into the new database.
        for suffix in ["-wal", "-shm", ""] {
            match std::fs::rename(with_suffix(&self.path, suffix), with_suffix(&aside, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(aside)
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
