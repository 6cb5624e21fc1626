//! What becomes of files that were put away: compressed, then deleted when
//! there are too many. A thread of its own does it; the sink never waits.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use flate2::write::GzEncoder;

use super::config::Rotation;
use crate::dead_letter::now;
use crate::lines;

/// Bytes that are compressed between two looks at whether to stop.
const PIECE: usize = 256 << 10;

/// The thread.
#[derive(Debug)]
pub(super) struct Archive {
    wake: SyncSender<()>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Archive {
    /// Starts with what an earlier run left to do.
    pub(super) fn start(path: &Path, rotation: &Rotation) -> io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let stopping = Arc::new(AtomicBool::new(false));
        let keeper = Keeper {
            path: path.to_owned(),
            rotation: rotation.clone(),
            stopping: stopping.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("oisp-jsonl-archive".into())
            .spawn(move || keeper.run(&woken))?;
        let archive = Self {
            wake,
            stopping,
            thread,
        };
        archive.wake();
        Ok(archive)
    }

    /// There is something to do.
    pub(super) fn wake(&self) {
        // A full channel has woken it already.
        let _ = self.wake.try_send(());
    }

    /// Ends it once it has done what there is to do.
    #[cfg(test)]
    pub(super) fn finish(self) {
        drop(self.wake);
        self.thread.join().unwrap();
    }

    /// Ends it. What is half compressed is compressed again by the next run.
    pub(super) fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        drop(self.wake);
        if self.thread.join().is_err() {
            tracing::error!("archive thread panicked");
        }
    }
}

/// Renames a file to `NAME.TIME`.
pub(super) fn put_away(path: &Path) -> io::Result<()> {
    let at = now().to_rfc3339().replace(['-', ':'], "");
    let target = with_suffix(path, &format!(".{at}"));
    match target.try_exists()? {
        // Two in a microsecond: the next event finds another time.
        true => Err(io::ErrorKind::AlreadyExists.into()),
        false => fs::rename(path, target),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

struct Keeper {
    path: PathBuf,
    rotation: Rotation,
    stopping: Arc<AtomicBool>,
}

impl Keeper {
    fn run(self, woken: &Receiver<()>) {
        while woken.recv().is_ok() {
            if let Err(error) = self.tidy() {
                tracing::warn!(path = %self.path.display(), %error, "old files not tidied up");
            }
        }
    }

    fn tidy(&self) -> io::Result<()> {
        if self.rotation.compress {
            for old in self.old_files()?.iter().filter(|old| !old.is_compressed) {
                self.compress(&old.path)?;
                if self.stopping.load(Ordering::Acquire) {
                    return Ok(());
                }
            }
        }
        self.delete_oldest()
    }

    /// Nothing has the name `.gz` before it is whole and on the disk, and the
    /// plain file goes only then.
    fn compress(&self, plain: &Path) -> io::Result<()> {
        let whole = with_suffix(plain, ".gz");
        if !whole.try_exists()? {
            let unfinished = with_suffix(plain, ".gz.unfinished");
            if !self.compress_into(plain, &unfinished)? {
                return fs::remove_file(unfinished);
            }
            fs::rename(unfinished, whole)?;
            lines::sync_directory_of(plain)?;
        }
        fs::remove_file(plain)
    }

    /// False where it was told to stop.
    fn compress_into(&self, plain: &Path, target: &Path) -> io::Result<bool> {
        let mut from = BufReader::with_capacity(PIECE, File::open(plain)?);
        let mut encoder = GzEncoder::new(lines::create(target)?, flate2::Compression::default());
        let mut piece = vec![0; PIECE];
        loop {
            if self.stopping.load(Ordering::Acquire) {
                return Ok(false);
            }
            let read = from.read(&mut piece)?;
            if read == 0 {
                encoder.finish()?.sync_all()?;
                return Ok(true);
            }
            encoder.write_all(piece.get(..read).unwrap_or_default())?;
        }
    }

    fn delete_oldest(&self) -> io::Result<()> {
        let mut files = self.old_files()?;
        let mut bytes: u64 = files.iter().map(|old| old.bytes).sum();
        let (most, most_bytes) = (self.rotation.keep_files, self.rotation.keep_size.bytes());
        files.reverse();
        while (most > 0 && files.len() > most) || (most_bytes > 0 && bytes > most_bytes) {
            let Some(oldest) = files.pop() else {
                return Ok(());
            };
            fs::remove_file(&oldest.path)?;
            bytes -= oldest.bytes;
        }
        Ok(())
    }

    /// The files that were put away, the oldest first. Nothing else in the
    /// directory is touched.
    fn old_files(&self) -> io::Result<Vec<OldFile>> {
        let directory = match self.path.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => directory,
            _ => Path::new("."),
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let Some(is_compressed) = self.is_old(&entry.file_name()) else {
                continue;
            };
            files.push(OldFile {
                bytes: entry.metadata()?.len(),
                path: entry.path(),
                is_compressed,
            });
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(files)
    }

    /// Whether a name is one of ours, and if so, whether it is compressed.
    fn is_old(&self, name: &std::ffi::OsStr) -> Option<bool> {
        let own = self.path.file_name()?.to_str()?;
        let rest = name.to_str()?.strip_prefix(own)?.strip_prefix('.')?;
        let (time, is_compressed) = match rest.strip_suffix(".gz") {
            Some(time) => (time, true),
            None => (rest, false),
        };
        is_time(time).then_some(is_compressed)
    }
}

struct OldFile {
    path: PathBuf,
    bytes: u64,
    is_compressed: bool,
}

/// `20261122T003141.123456Z`
fn is_time(text: &str) -> bool {
    const SHAPE: &[u8] = b"00000000T000000.000000Z";
    text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            shape => byte == *shape,
        })
}
