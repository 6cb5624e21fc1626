//! Systems that are not Unix.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Creates or replaces a file. Its folder's access list holds for it.
pub fn private_file(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// Makes a folder. Its access list is that of the folder it is in.
pub fn private_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// A sensor of another user keeps its state with that user.
pub const fn system_state_dir() -> Option<PathBuf> {
    None
}

/// Opens a file to append to. Its folder's access list holds for it.
pub fn private_appended(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).open(path)
}

/// The access list of its folder is the user's.
pub fn is_private(_file: &File) -> io::Result<bool> {
    Ok(true)
}

/// Where the sensor keeps what outlives a run: as `OISP_STATE_DIR` says, else the
/// user's own folder.
pub fn state_dir() -> Option<PathBuf> {
    let given = std::env::var_os("OISP_STATE_DIR").map(PathBuf::from);
    if let Some(dir) = given.filter(|path| path.is_absolute()) {
        return Some(dir);
    }
    Some(PathBuf::from(std::env::var_os("LOCALAPPDATA")?).join("oisp-sensor"))
}

/// There is no `sudo` here.
pub const fn to_invoking_user(_path: &Path) {}

/// Nobody waits to be told.
pub const fn tell_ready() {}

/// Nobody waits to be told.
pub const fn tell_stopping() {}

/// There is none here.
pub const fn says_to_journal() -> bool {
    false
}
