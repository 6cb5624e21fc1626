//! Events that a receiver will never take, kept with the reason, so that
//! somebody can mend what was wrong and send them again.
//!
//! One file a sink, `NAME.jsonl`, each line `{"time","sink","reason","event"}`,
//! readable by its owner only. It is bounded: at half of the bound it becomes
//! `NAME.jsonl.1`, and the one that was there goes, which is said in the log.
//! Who writes to it holds its lock, so that it can be taken away at any time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oisp_core::Timestamp;
use oisp_store::Stored;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Refused, lines};

/// The bound where none is given.
const MAX_BYTES: u64 = 64 << 20;

/// Where a sink's refused events go.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    path: PathBuf,
    sink: String,
    max_bytes: u64,
}

/// A line of the file.
#[derive(Debug, Deserialize, Serialize)]
pub struct DeadLetter {
    /// When it was refused.
    pub time: String,
    /// By which sink.
    pub sink: String,
    /// What the receiver said.
    pub reason: String,
    /// The event as it was sent.
    pub event: Box<RawValue>,
}

/// Why a refused event could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep refused events in {}: {source}; make room or give access, they are tried again", path.display())]
pub struct KeepError {
    path: PathBuf,
    source: io::Error,
}

impl DeadLetters {
    /// The dead letters of that sink, in a directory of the sensor's state.
    pub fn new(directory: &Path, sink: &str) -> Self {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let file_name: String = sink
            .chars()
            .map(|c| if is_plain(c) { c } else { '_' })
            .collect();
        Self {
            path: directory.join(format!("{file_name}.jsonl")),
            sink: sink.to_owned(),
            max_bytes: MAX_BYTES,
        }
    }

    /// With another bound, in bytes over both files.
    #[must_use]
    pub const fn bounded(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The older file.
    pub fn older(&self) -> PathBuf {
        let mut older = self.path.clone().into_os_string();
        older.push(".1");
        older.into()
    }

    /// Keeps those of a batch that were refused.
    ///
    /// # Errors
    /// When they are not on the disk.
    pub fn keep(&self, batch: &[Arc<Stored>], refused: &[Refused]) -> Result<(), KeepError> {
        let failed = |source| KeepError {
            path: self.path.clone(),
            source,
        };
        let text = self.lines(batch, refused).map_err(failed)?;
        self.append(&text).map_err(failed)
    }

    fn lines(&self, batch: &[Arc<Stored>], refused: &[Refused]) -> io::Result<Vec<u8>> {
        let time = now().to_rfc3339();
        let mut text = Vec::new();
        for refusal in refused {
            let Some(stored) = batch.iter().find(|stored| stored.seq == refusal.seq) else {
                continue;
            };
            let letter = DeadLetter {
                time: time.clone(),
                sink: self.sink.clone(),
                reason: refusal.reason.clone(),
                event: RawValue::from_string(stored.event.json().to_owned())?,
            };
            serde_json::to_writer(&mut text, &letter)?;
            text.push(b'\n');
        }
        Ok(text)
    }

    fn append(&self, text: &[u8]) -> io::Result<()> {
        loop {
            let mut file = lines::open(&self.path)?;
            file.lock()?;
            let size = file.metadata()?.len();
            if lines::is_elsewhere(&file, &self.path)? {
                // Somebody took it to send it again.
            } else if size > 0 && size + text.len() as u64 > self.max_bytes / 2 {
                self.rotate()?;
            } else {
                lines::append(&mut file, text)?;
                return file.sync_data();
            }
        }
    }

    fn rotate(&self) -> io::Result<()> {
        let older = self.older();
        if older.exists() {
            tracing::warn!(
                sink = self.sink,
                path = %older.display(),
                "the oldest refused events go: the file is at its bound"
            );
        }
        std::fs::rename(&self.path, older)
    }
}

/// The time now.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
