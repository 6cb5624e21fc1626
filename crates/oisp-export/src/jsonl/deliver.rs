//! Writes whole lines only: a batch that could not be written to its end is
//! taken back, so that a reader never sees half an event.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oisp_store::Stored;

use crate::{DeliverError, Delivered, Sink, lines};

/// The sink.
pub struct JsonlSink {
    target: Target,
    buffer: Vec<u8>,
}

enum Target {
    Stdout(Box<dyn Write + Send>),
    File { path: PathBuf, file: File },
}

/// Why an output file could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot write events to {path}: {source}; choose another file with --output, or - for standard output", path = path.display())]
pub struct OpenError {
    path: PathBuf,
    source: io::Error,
}

impl JsonlSink {
    /// Appends to a file, which is made readable by its owner only.
    ///
    /// # Errors
    /// When the file cannot be opened for writing.
    pub fn file(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError {
            path: path.to_owned(),
            source,
        };
        let file = lines::open(path).map_err(failed)?;
        Ok(Self {
            target: Target::File {
                path: path.to_owned(),
                file,
            },
            buffer: Vec::new(),
        })
    }

    /// Writes to standard output, or to what stands in for it.
    pub fn stream(out: Box<dyn Write + Send>) -> Self {
        Self {
            target: Target::Stdout(out),
            buffer: Vec::new(),
        }
    }
}

impl Sink for JsonlSink {
    fn name(&self) -> &str {
        "jsonl"
    }

    fn deliver(&mut self, batch: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
        self.buffer.clear();
        for stored in batch {
            self.buffer
                .extend_from_slice(stored.event.json().as_bytes());
            self.buffer.push(b'\n');
        }
        self.target.write(&self.buffer)?;
        Ok(Delivered::default())
    }

    fn close(&mut self) -> Result<(), DeliverError> {
        match &mut self.target {
            Target::Stdout(out) => out
                .flush()
                .map_err(|source| write_error("standard output", source)),
            Target::File { path, file } if file.metadata().is_ok_and(|meta| meta.is_file()) => file
                .sync_data()
                .map_err(|source| write_error(&path.display().to_string(), source)),
            Target::File { .. } => Ok(()),
        }
    }
}

impl Target {
    fn write(&mut self, text: &[u8]) -> Result<(), DeliverError> {
        match self {
            Self::Stdout(out) => out
                .write_all(text)
                .and_then(|()| out.flush())
                .map_err(|source| write_error("standard output", source)),
            Self::File { path, file } => lines::append(file, text)
                .map_err(|source| write_error(&path.display().to_string(), source)),
        }
    }
}

fn write_error(target: &str, source: io::Error) -> DeliverError {
    if source.kind() == io::ErrorKind::BrokenPipe {
        return DeliverError::ReaderGone;
    }
    DeliverError::Write {
        target: target.to_owned(),
        source,
    }
}
