//! Systems that are not Unix.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Creates or replaces a file. Its folder's access list holds for it.
pub fn private_file(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// Where the sensor keeps what outlives a run.
pub fn state_dir() -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("LOCALAPPDATA")?).join("oisp-sensor"))
}

/// There is no `sudo` here.
pub const fn to_invoking_user(_path: &Path) {}
