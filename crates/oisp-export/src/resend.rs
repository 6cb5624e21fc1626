//! Sends dead letters again, once what was wrong is mended.
//!
//! The file is taken aside first (`NAME.jsonl.resending`), so that a sensor
//! that runs goes on keeping new ones. Where the receiver fails, it holds what
//! was not sent, for the next time; where this program is killed, all of it is
//! sent again. What is refused again is a dead letter again.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oisp_core::SafeEvent;
use oisp_store::Stored;
use serde_json::{Map, Value};

use crate::retry::Backoff;
use crate::{
    DeadLetter, DeadLetters, DeliverError, Delivered, KeepError, Refused, Retry, Sink, lines,
};

/// Letters of one delivery, and bytes from which on it is full.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 4 << 20;
/// How often a delivery is tried, and the longest wait between.
const TRIES: u32 = 5;
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The longest line that is read.
const MAX_LINE: u64 = 64 << 20;

/// What became of dead letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resent {
    /// Events that the receiver has now.
    pub delivered: u64,
    /// Events that it refused again: they are dead letters again.
    pub refused: u64,
    /// Lines that are no dead letters. They are put beside, in `.unreadable`.
    pub unreadable: u64,
}

/// Why not all dead letters were sent. What was not sent is kept.
#[derive(Debug, thiserror::Error)]
pub enum ResendError {
    /// The receiver did not take them now.
    #[error("{} delivered, {} refused again, then: {source}; the rest is kept, try again later", done.delivered, done.refused)]
    Deliver {
        /// What went through.
        done: Resent,
        /// What went wrong.
        source: DeliverError,
    },
    /// A file cannot be read or written.
    #[error("cannot resend from {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// What was refused again cannot be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// Sends the dead letters of a sink, the oldest first. A failing receiver is
/// tried again a few times.
///
/// # Errors
/// When the receiver goes on failing, or a file cannot be read or written.
pub fn resend(
    letters: &DeadLetters,
    sink: &mut dyn Sink,
    retry: Retry,
) -> Result<Resent, ResendError> {
    let mut resending = Resending {
        letters,
        sink,
        retry,
        aside: with_suffix(letters.path(), ".resending"),
        done: Resent::default(),
    };
    let aside = resending.aside.clone();
    for from in [&aside, &letters.older(), &letters.path().to_owned()] {
        let is_there = from.try_exists().map_err(|error| resending.file(error))?;
        if is_there {
            take_aside(from, &aside).map_err(|error| resending.file(error))?;
            resending.send_file()?;
        }
    }
    Ok(resending.done)
}

/// Takes a file away from who may be writing to it: once its lock was had, it
/// does not grow any more.
fn take_aside(from: &Path, aside: &Path) -> io::Result<()> {
    fs::rename(from, aside)?;
    File::open(aside)?.lock()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

struct Resending<'a> {
    letters: &'a DeadLetters,
    sink: &'a mut dyn Sink,
    retry: Retry,
    aside: PathBuf,
    done: Resent,
}

/// Letters on their way: their lines and their events.
#[derive(Default)]
struct Letters {
    lines: Vec<Vec<u8>>,
    events: Vec<Arc<Stored>>,
    bytes: usize,
}

impl Letters {
    fn is_full(&self) -> bool {
        self.events.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    fn settle(&mut self, count: usize) {
        let count = count.min(self.events.len());
        self.lines.drain(..count);
        self.events.drain(..count);
    }
}

impl Resending<'_> {
    fn file(&self, source: io::Error) -> ResendError {
        ResendError::File {
            path: self.aside.clone(),
            source,
        }
    }

    fn send_file(&mut self) -> Result<(), ResendError> {
        let mut from = BufReader::new(File::open(&self.aside).map_err(|error| self.file(error))?);
        loop {
            let mut batch = self.read(&mut from).map_err(|error| self.file(error))?;
            if batch.events.is_empty() {
                return fs::remove_file(&self.aside).map_err(|error| self.file(error));
            }
            if let Err(error) = self.send(&mut batch) {
                self.keep_rest(&batch, from)
                    .map_err(|error| self.file(error))?;
                return Err(error);
            }
        }
    }

    /// The next letters. What is none is put beside.
    fn read(&mut self, from: &mut BufReader<File>) -> io::Result<Letters> {
        let mut batch = Letters::default();
        while !batch.is_full() {
            let mut line = Vec::new();
            if from.take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            match event_of(&line) {
                Some(event) => {
                    let seq = batch.events.len() as u64;
                    batch.bytes += line.len();
                    batch.events.push(Arc::new(Stored { seq, event }));
                    batch.lines.push(line);
                }
                None => self.put_beside(&line)?,
            }
        }
        Ok(batch)
    }

    fn put_beside(&mut self, line: &[u8]) -> io::Result<()> {
        let path = with_suffix(self.letters.path(), ".unreadable");
        self.done.unreadable += 1;
        lines::append(&mut lines::open(&path)?, line)
    }

    /// Delivers letters. What is left in the batch afterwards is not sent.
    fn send(&mut self, batch: &mut Letters) -> Result<(), ResendError> {
        let mut backoff = Backoff::new(self.retry);
        let mut tries = 1;
        while !batch.events.is_empty() {
            let source = match self.sink.deliver(&batch.events) {
                Ok(Delivered { refused }) => {
                    self.settle(batch, usize::MAX, &refused)?;
                    continue;
                }
                Err(DeliverError::Partly {
                    settled,
                    refused,
                    error,
                }) => {
                    self.settle(batch, settled, &refused)?;
                    tries = 0;
                    *error
                }
                Err(error) => error,
            };
            let asked = match &source {
                DeliverError::Retry { after, .. } if tries < TRIES => *after,
                _ => {
                    let done = self.done;
                    return Err(ResendError::Deliver { done, source });
                }
            };
            tries += 1;
            std::thread::sleep(backoff.next(asked).min(LONGEST_WAIT));
        }
        Ok(())
    }

    fn settle(
        &mut self,
        batch: &mut Letters,
        settled: usize,
        refused: &[Refused],
    ) -> Result<(), ResendError> {
        if !refused.is_empty() {
            self.letters.keep(&batch.events, refused)?;
        }
        let (settled, refused) = (settled.min(batch.events.len()), refused.len());
        batch.settle(settled);
        self.done.refused += refused as u64;
        self.done.delivered += settled.saturating_sub(refused) as u64;
        Ok(())
    }

    /// What was not sent takes the place of the file, all of it or nothing.
    fn keep_rest(&self, unsent: &Letters, mut from: BufReader<File>) -> io::Result<()> {
        let rest = with_suffix(&self.aside, ".rest");
        let mut file = lines::create(&rest)?;
        file.write_all(&unsent.lines.concat())?;
        io::copy(&mut from, &mut file)?;
        file.sync_all()?;
        fs::rename(rest, &self.aside)
    }
}

fn event_of(line: &[u8]) -> Option<SafeEvent> {
    let letter: DeadLetter = serde_json::from_slice(line).ok()?;
    let event: Map<String, Value> = serde_json::from_str(letter.event.get()).ok()?;
    // It was redacted when it was first kept.
    Some(SafeEvent::from_redacted(&event))
}

#[cfg(test)]
mod tests;
