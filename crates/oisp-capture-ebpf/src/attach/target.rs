//! Files that may carry TLS, by what they are rather than how they are called.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::process;
use crate::process::maps::Mapping;

/// A file, and the moment at which it was last written: an inode number may come
/// again for another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
    modified: (i64, i64),
}

impl FileId {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// Where a mapped file can be opened from outside of its process.
pub(crate) fn locate(pid: u32, mapping: &Mapping) -> std::io::Result<(PathBuf, FileId)> {
    let path = within_root(pid, &mapping.path);
    if !mapping.deleted
        && let Ok(metadata) = std::fs::metadata(&path)
        && metadata.ino() == mapping.id.1
    {
        return Ok((path, FileId::of(&metadata)));
    }
    // Deleted, or another file has taken its name: the kernel still has it.
    let path = process::path(pid, "map_files").join(&mapping.range);
    let metadata = std::fs::metadata(&path)?;
    Ok((path, FileId::of(&metadata)))
}

/// A path as the process sees it: in a container, not the one of that name here.
pub(crate) fn within_root(pid: u32, path: &Path) -> PathBuf {
    process::path(pid, "root").join(path.strip_prefix("/").unwrap_or(path))
}

/// Whether a library of that name may carry TLS that it does not export: Python
/// builds have OpenSSL inside `_ssl` or `libpython`, and what is called after
/// curl or gRPC is often built as one file.
pub(crate) fn may_be_deep(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    name.starts_with("libpython")
        || ["ssl", "tls", "curl", "grpc"]
            .iter()
            .any(|part| name.contains(part))
}

/// Opens a file and makes sure that it is the one meant.
pub(crate) fn open(path: &Path, id: FileId) -> std::io::Result<File> {
    let file = File::open(path)?;
    if FileId::of(&file.metadata()?) != id {
        return Err(std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "the file changed meanwhile",
        ));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_program_maps_can_be_located_and_opened() {
        let pid = std::process::id();
        let exe = std::env::current_exe().unwrap();
        let files = process::maps::executable_files(pid).unwrap();
        let mapping = files
            .into_iter()
            .find(|mapping| mapping.path == exe)
            .unwrap();
        let (path, id) = locate(pid, &mapping).unwrap();
        assert!(open(&path, id).is_ok());
        assert_eq!(id, FileId::of(&std::fs::metadata(&exe).unwrap()));
        let other = FileId::of(&std::fs::metadata("/proc/self/stat").unwrap());
        assert!(open(&path, other).is_err());
    }
}
