//! Writes batches, to a file or to a stream.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oisp_store::Stored;

use super::config::{JsonlConfig, Sync};
use super::file::LineFile;
use crate::config::ConfigError;
use crate::{DeliverError, Delivered, Sink};

/// The sink.
pub struct JsonlSink {
    name: String,
    target: Target,
    buffer: Vec<u8>,
}

enum Target {
    Stream(Box<dyn Write + Send>),
    File(LineFile),
}

/// Why an output could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A key is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The file cannot be written.
    #[error("cannot write events to {}: {source}; choose another file with --output, or - for standard output", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl JsonlSink {
    /// As configured.
    ///
    /// # Errors
    /// When the configuration is wrong or the file cannot be opened.
    pub fn open(config: &JsonlConfig) -> Result<Self, OpenError> {
        config.check()?;
        let target = match config.path == Path::new("-") {
            true => Target::Stream(Box::new(io::stdout())),
            false => Target::File(LineFile::open(config).map_err(|source| OpenError::File {
                path: config.path.clone(),
                source,
            })?),
        };
        Ok(Self {
            name: config.full_name(),
            target,
            buffer: Vec::new(),
        })
    }

    /// Appends to a file, which is made readable by its owner only, and never
    /// begins another.
    ///
    /// # Errors
    /// When the file cannot be opened for writing.
    pub fn file(path: &Path) -> Result<Self, OpenError> {
        Self::open(&JsonlConfig {
            path: path.to_owned(),
            sync: Sync::Never,
            ..JsonlConfig::default()
        })
    }

    /// Writes to standard output, or to what stands in for it.
    pub fn stream(out: Box<dyn Write + Send>) -> Self {
        Self {
            name: "jsonl".into(),
            target: Target::Stream(out),
            buffer: Vec::new(),
        }
    }
}

impl Sink for JsonlSink {
    fn name(&self) -> &str {
        &self.name
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

    fn idle_after(&self) -> Option<Duration> {
        match &self.target {
            Target::Stream(_) => None,
            Target::File(file) => file.due(),
        }
    }

    fn idle(&mut self) -> Result<(), DeliverError> {
        match &mut self.target {
            Target::Stream(_) => Ok(()),
            Target::File(file) => file.tend().map_err(|source| file.error(source)),
        }
    }

    fn close(&mut self) -> Result<(), DeliverError> {
        match &mut self.target {
            Target::Stream(out) => out.flush().map_err(stream_error),
            Target::File(file) => file.close().map_err(|source| file.error(source)),
        }
    }
}

impl Target {
    fn write(&mut self, text: &[u8]) -> Result<(), DeliverError> {
        match self {
            Self::Stream(out) => out
                .write_all(text)
                .and_then(|()| out.flush())
                .map_err(stream_error),
            Self::File(file) => file.write(text).map_err(|source| file.error(source)),
        }
    }
}

impl LineFile {
    fn error(&self, source: io::Error) -> DeliverError {
        write_error(&self.path().display().to_string(), source)
    }
}

fn stream_error(source: io::Error) -> DeliverError {
    write_error("standard output", source)
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
