//! Systems that are not Unix: the folder's access list holds for what is in it.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a folder, where there is none.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Opens a file, and makes it where there is none.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}
