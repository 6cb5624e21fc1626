//! One writer a log: a lock file beside it, held for as long as the log is open
//! and let go by the system however the process ends. Its content is the pid of
//! who holds it. SQLite's own locks are taken for moments only and name nobody.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::private;

/// The right to write.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Why there is none.
pub(crate) enum Refused {
    /// Somebody has it.
    Held(Option<u32>),
    /// The lock file cannot be had.
    Failed(io::Error),
}

/// Takes the lock.
pub(crate) fn take(path: &Path) -> Result<Lock, Refused> {
    let mut file = private::open_file(path).map_err(Refused::Failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Refused::Held(holder(&mut file))),
        Err(TryLockError::Error(error)) => return Err(Refused::Failed(error)),
    }
    let told = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()));
    if let Err(error) = told {
        // The lock holds; only its owner's number cannot be told, such as on a
        // full disk.
        tracing::debug!(%error, "pid not written to the lock file");
    }
    Ok(Lock { _file: file })
}

fn holder(file: &mut File) -> Option<u32> {
    let mut pid = String::new();
    // Windows locks the content, too.
    file.take(16).read_to_string(&mut pid).ok()?;
    pid.trim().parse().ok()
}
