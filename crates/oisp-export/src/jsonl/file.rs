//! A file of lines that is begun anew when it is large, old, or moved away.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::archive::{self, Archive};
use super::config::{JsonlConfig, Rotation, Sync};
use crate::lines;

/// The file.
#[derive(Debug)]
pub(super) struct LineFile {
    path: PathBuf,
    file: File,
    /// False for a pipe or a device, which is neither moved nor rotated.
    is_regular: bool,
    begun: SystemTime,
    sync: Sync,
    sync_interval: Duration,
    unsynced_since: Option<Instant>,
    rotation: Rotation,
    archive: Option<Archive>,
    rotation_failed: bool,
}

impl LineFile {
    pub(super) fn open(config: &JsonlConfig) -> io::Result<Self> {
        let (file, begun) = open(&config.path, config.sync)?;
        let is_regular = file.metadata()?.is_file();
        let rotates = is_regular && config.rotate.is_wanted();
        Ok(Self {
            path: config.path.clone(),
            file,
            is_regular,
            begun,
            sync: config.sync,
            sync_interval: config.sync_interval.get(),
            unsynced_since: None,
            rotation: config.rotate.clone(),
            archive: rotates
                .then(|| Archive::start(&config.path, &config.rotate))
                .transpose()?,
            rotation_failed: false,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends whole lines, all of them or none.
    pub(super) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if self.is_regular && lines::is_elsewhere(&self.file, &self.path)? {
            self.begin()?;
        }
        self.rotate_if_due(text.len() as u64);
        lines::append(&mut self.file, text)?;
        match self.sync {
            Sync::Never => {}
            Sync::Batch => self.sync_now()?,
            Sync::Interval => {
                let since = *self.unsynced_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.sync_interval {
                    self.sync_now()?;
                }
            }
        }
        Ok(())
    }

    /// When something is to be done although nothing is written.
    pub(super) fn due(&self) -> Option<Duration> {
        let sync = self
            .unsynced_since
            .map(|since| self.sync_interval.saturating_sub(since.elapsed()));
        let rotation = self.is_of_age().map(|age| {
            let left = self.rotation.max_age.get().saturating_sub(age);
            left.max(Duration::from_secs(1))
        });
        sync.into_iter().chain(rotation).min()
    }

    /// Does it.
    pub(super) fn tend(&mut self) -> io::Result<()> {
        let is_due = |since: Instant| since.elapsed() >= self.sync_interval;
        if self.unsynced_since.is_some_and(is_due) {
            self.sync_now()?;
        }
        self.rotate_if_due(0);
        Ok(())
    }

    pub(super) fn close(&mut self) -> io::Result<()> {
        if let Some(archive) = self.archive.take() {
            archive.stop();
        }
        match self.is_regular {
            true => self.sync_now(),
            false => Ok(()),
        }
    }

    fn sync_now(&mut self) -> io::Result<()> {
        if self.is_regular {
            self.file.sync_data()?;
        }
        self.unsynced_since = None;
        Ok(())
    }

    /// The age of the file where it is rotated by age and holds something.
    fn is_of_age(&self) -> Option<Duration> {
        let by_age = self.archive.is_some() && !self.rotation.max_age.get().is_zero();
        let holds = || self.file.metadata().is_ok_and(|meta| meta.len() > 0);
        (by_age && holds()).then(|| self.begun.elapsed().unwrap_or_default())
    }

    /// A file that cannot be put away goes on growing: that loses nothing.
    fn rotate_if_due(&mut self, more: u64) {
        if self.archive.is_none() || !self.is_due(more) {
            return;
        }
        match self.rotate() {
            Ok(()) => self.rotation_failed = false,
            Err(error) if !self.rotation_failed => {
                self.rotation_failed = true;
                tracing::warn!(path = %self.path.display(), %error, "file not rotated; it grows on");
            }
            Err(_) => {}
        }
    }

    fn is_due(&self, more: u64) -> bool {
        let size = self.file.metadata().map_or(0, |meta| meta.len());
        let max = self.rotation.max_size.bytes();
        let max_age = self.rotation.max_age.get();
        (max > 0 && size > 0 && size + more > max)
            || self.is_of_age().is_some_and(|age| age >= max_age)
    }

    fn rotate(&mut self) -> io::Result<()> {
        if self.sync != Sync::Never {
            self.sync_now()?;
        }
        archive::put_away(&self.path)?;
        self.begin()?;
        if let Some(archive) = &self.archive {
            archive.wake();
        }
        Ok(())
    }

    fn begin(&mut self) -> io::Result<()> {
        (self.file, self.begun) = open(&self.path, self.sync)?;
        Ok(())
    }
}

fn open(path: &Path, sync: Sync) -> io::Result<(File, SystemTime)> {
    let file = lines::open(path)?;
    let meta = file.metadata()?;
    if sync != Sync::Never && meta.is_file() {
        lines::sync_directory_of(path)?;
    }
    let begun = match meta.len() {
        0 => SystemTime::now(),
        _ => meta.created().or_else(|_| meta.modified())?,
    };
    Ok((file, begun))
}
