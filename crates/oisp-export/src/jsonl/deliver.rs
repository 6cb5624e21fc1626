//! Writes whole lines only: a batch that could not be written to its end is
//! taken back, so that a reader never sees half an event.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oisp_store::Stored;

use crate::{DeliverError, Sink};

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
        let mut file = open_private(path).map_err(failed)?;
        end_torn_line(&mut file).map_err(failed)?;
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

/// What an earlier run left without a line end, because the machine stopped in
/// the middle of a write, is ended: the next event gets a line of its own.
fn end_torn_line(file: &mut File) -> io::Result<()> {
    if !file.metadata()?.is_file() || file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(unix)]
fn open_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
}

impl Sink for JsonlSink {
    fn name(&self) -> &str {
        "jsonl"
    }

    fn deliver(&mut self, batch: &[Arc<Stored>]) -> Result<(), DeliverError> {
        self.buffer.clear();
        for stored in batch {
            self.buffer
                .extend_from_slice(stored.event.json().as_bytes());
            self.buffer.push(b'\n');
        }
        self.target.write(&self.buffer)
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
    fn write(&mut self, lines: &[u8]) -> Result<(), DeliverError> {
        match self {
            Self::Stdout(out) => out
                .write_all(lines)
                .and_then(|()| out.flush())
                .map_err(|source| write_error("standard output", source)),
            Self::File { path, file } => append_whole(file, lines)
                .map_err(|source| write_error(&path.display().to_string(), source)),
        }
    }
}

fn append_whole(file: &mut File, lines: &[u8]) -> io::Result<()> {
    let before = file.metadata()?;
    file.write_all(lines).inspect_err(|_| {
        if before.is_file() {
            // Where even this fails the torn line stays; the next open ends it.
            let _ = file.set_len(before.len());
        }
    })
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
