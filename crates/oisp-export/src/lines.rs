//! A private file of whole lines. What an earlier run or a full disk left
//! unfinished is cut off before the next line: its event comes again.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::de::IgnoredAny;

/// The longest unfinished line that is looked at.
const MAX_LINE: u64 = 64 << 20;
/// Bytes that are read at once on the way back to the last line's start.
const PIECE: u64 = 64 << 10;

/// Opens a file for appending, readable by its owner only, its directory made
/// where there is none, its last line whole.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory)?;
    }
    let mut file = open_private(OpenOptions::new().read(true).append(true), path)?;
    if file.metadata()?.is_file() {
        mend_last_line(&mut file)?;
    }
    Ok(file)
}

/// Makes a file, empty and readable by its owner only.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    open_private(OpenOptions::new().write(true).truncate(true), path)
}

/// Appends whole lines, all of them or none.
pub(crate) fn append(file: &mut File, lines: &[u8]) -> io::Result<()> {
    let before = file.metadata()?;
    file.write_all(lines).inspect_err(|_| {
        if before.is_file() {
            // Where even this fails the torn line stays; the next open cuts it.
            let _ = file.set_len(before.len());
        }
    })
}

/// A last line without its end is cut off where it is half an object; where it
/// is anything else, only its end is added: it is not ours to cut.
fn mend_last_line(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let start = start_of_last_line(file, length)?;
    if start == Some(length) {
        return Ok(());
    }
    if let Some(start) = start {
        let mut line = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.take(MAX_LINE).read_to_end(&mut line)?;
        if line.first() == Some(&b'{') && serde_json::from_slice::<IgnoredAny>(&line).is_err() {
            return file.set_len(start);
        }
    }
    file.write_all(b"\n")
}

/// Where the text after the last line end begins; none where that is too far.
fn start_of_last_line(file: &mut File, length: u64) -> io::Result<Option<u64>> {
    let mut end = length;
    while end > 0 && length - end < MAX_LINE {
        let begin = end.saturating_sub(PIECE);
        let mut piece = Vec::new();
        file.seek(SeekFrom::Start(begin))?;
        file.take(end - begin).read_to_end(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(Some(begin + at as u64 + 1));
        }
        end = begin;
    }
    Ok((end == 0).then_some(0))
}

#[cfg(unix)]
fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = options.create(true).mode(0o600).open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.create(true).open(path)
}

/// True where another file, or none, has the name now.
#[cfg(unix)]
pub(crate) fn is_elsewhere(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let here = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((here.dev(), here.ino()) != (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// An open file keeps its name here.
#[cfg(not(unix))]
pub(crate) fn is_elsewhere(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists().map(|exists| !exists)
}

/// Makes sure that a new name outlives a crash.
#[cfg(unix)]
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => File::open(directory)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// The system sees to it.
#[cfg(not(unix))]
pub(crate) fn sync_directory_of(_: &Path) -> io::Result<()> {
    Ok(())
}
