//! Where a program's own libraries are: below the folder whose `bin` it is run
//! from. A virtual environment or a conda environment has its libraries there,
//! wherever it is, and a program that loads one makes its first request too soon
//! after that for anybody who looks for what it loaded.

use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::target::within_root;
use crate::process;

/// The folder, as a path that can be opened from here; `None` where the program
/// does not run from a `bin`, or is gone.
pub(super) fn of(pid: u32) -> Option<PathBuf> {
    let command_line = std::fs::read(process::path(pid, "cmdline")).ok()?;
    let program = command_line.split(|byte| *byte == 0).next()?;
    let prefix = prefix(pid, Path::new(OsStr::from_bytes(program)))?;
    let there = within_root(pid, &prefix);
    Some(if is_same(&prefix, &there) {
        prefix
    } else {
        there
    })
}

/// As the process sees it. The first word of the command line tells of a virtual
/// environment, whose program is a link.
fn prefix(pid: u32, program: &Path) -> Option<PathBuf> {
    let program = if program.is_absolute() {
        program.to_path_buf()
    } else if program.components().count() > 1 {
        std::fs::read_link(process::path(pid, "cwd"))
            .ok()?
            .join(program)
    } else if let Some(activated) = activated(pid) {
        return Some(activated);
    } else {
        std::fs::read_link(process::path(pid, "exe")).ok()?
    };
    let folder = program.parent()?;
    (folder.file_name()? == "bin")
        .then(|| folder.parent().map(Path::to_path_buf))
        .flatten()
}

/// The environment that a shell has activated, for programs called by their name
/// alone.
fn activated(pid: u32) -> Option<PathBuf> {
    let mut environment = Vec::new();
    let file = std::fs::File::open(process::path(pid, "environ")).ok()?;
    file.take(ENVIRONMENT_LIMIT)
        .read_to_end(&mut environment)
        .ok()?;
    activated_in(&environment)
}

/// Beyond this, an environment is not read.
const ENVIRONMENT_LIMIT: u64 = 256 << 10;

fn activated_in(environment: &[u8]) -> Option<PathBuf> {
    let names: [&[u8]; 2] = [b"VIRTUAL_ENV=", b"CONDA_PREFIX="];
    let value = |name: &&[u8]| {
        let mut entries = environment.split(|byte| *byte == 0);
        entries.find_map(|entry| entry.strip_prefix(*name))
    };
    let path = names.iter().find_map(value)?;
    path.starts_with(b"/")
        .then(|| PathBuf::from(OsStr::from_bytes(path)))
}

fn is_same(here: &Path, there: &Path) -> bool {
    let id = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    id(here).is_some_and(|here| Some(here) == id(there))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_around_bin_is_meant() {
        let own = std::process::id();
        let of = |program: &str| prefix(own, Path::new(program));
        assert_eq!(of("/x/venv/bin/python3"), Some(PathBuf::from("/x/venv")));
        assert_eq!(of("/x/venv/python3"), None);
        assert_eq!(of("/bin/sh"), Some(PathBuf::from("/")));
        assert_eq!(
            activated_in(b"A=1\0VIRTUAL_ENV=/x/venv\0CONDA_PREFIX=/y\0"),
            Some(PathBuf::from("/x/venv"))
        );
        assert_eq!(activated_in(b"MY_VIRTUAL_ENV=/x\0VIRTUAL_ENV=rel\0"), None);
        let here = std::env::current_dir().unwrap();
        assert_eq!(of("env/bin/python3"), Some(here.join("env")));
    }

    #[test]
    fn a_process_that_is_gone_has_none() {
        assert_eq!(super::of(u32::MAX), None);
    }
}
