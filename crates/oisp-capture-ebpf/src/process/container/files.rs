//! Reading what may be hostile: bounded, regular files only, and never outside
//! the tree that the path is meant in.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};

/// Opens the root that paths are meant in: a directory, or a link to one such
/// as `/proc/PID/root`.
pub(super) fn root(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// The file below that root, if it is a regular one of at most `limit` bytes.
/// Links are followed as a process with that root would follow them.
pub(super) fn read(root: impl AsFd, path: &str, limit: u64) -> Option<Vec<u8>> {
    let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let found = rustix::fs::openat2(root, path, flags, Mode::empty(), within).ok()?;
    let stat = rustix::fs::fstat(&found).ok()?;
    // Opening a device may have an effect, and opening a pipe may wait.
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return None;
    }
    let again = format!("/proc/self/fd/{}", found.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    bounded(
        File::from(rustix::fs::open(again, flags, Mode::empty()).ok()?),
        limit,
    )
}

/// The whole of a file of at most `limit` bytes.
fn bounded(file: File, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = file
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .ok()?;
    (u64::try_from(read).ok()? <= limit).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_regular_files_of_the_tree_and_of_bounded_size_are_read() {
        let tree = super::super::tests::Tree::new("files");
        tree.write("run/small", "abc");
        tree.write("secret", "outside");
        let inside = tree.path("run");
        symlink("/small", inside.join("absolute")).unwrap();
        symlink("../secret", inside.join("out")).unwrap();
        symlink(tree.path("secret"), inside.join("host")).unwrap();
        symlink("/proc/self/exe", inside.join("magic")).unwrap();
        symlink("loop", inside.join("loop")).unwrap();
        let pipe = inside.join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let root = root(&inside).unwrap();
        let read = |path| read(&root, path, 3);
        assert_eq!(read("small").unwrap(), b"abc");
        assert_eq!(read("/small").unwrap(), b"abc");
        assert_eq!(read("absolute").unwrap(), b"abc");
        assert_eq!(super::read(&root, "small", 2), None);
        for none in [
            "out",
            "host",
            "magic",
            "loop",
            "pipe",
            ".",
            "nothing",
            "../secret",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
