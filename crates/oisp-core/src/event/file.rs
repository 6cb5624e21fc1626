//! Payloads of `file.open`, `file.write`, `file.delete` and `file.rename`.

use serde::Serialize;
use serde_with::skip_serializing_none;

/// A file, as far as an operation tells of it.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileInfo {
    /// Absolute path.
    pub path: String,
    /// The last part of the path.
    pub name: Option<String>,
    /// What follows the last dot of the name, in lower case.
    pub extension: Option<String>,
    /// Size, bytes.
    pub size: Option<u64>,
    /// It is a directory.
    pub is_directory: Option<bool>,
}

/// A file was opened.
#[derive(Clone, Debug, Serialize)]
pub struct Open {
    /// Absolute path.
    pub path: String,
    /// `read`, `write`, `append`, `create` (it was not there), `truncate`.
    pub flags: Vec<&'static str>,
    /// The file.
    pub file: FileInfo,
}

/// A file was written to.
#[derive(Clone, Debug, Serialize)]
pub struct Write {
    /// Absolute path.
    pub path: String,
    /// Bytes since the event before.
    pub bytes_written: u64,
    /// The process emptied it.
    pub truncated: bool,
    /// The process made it.
    pub created: bool,
    /// The file.
    pub file: FileInfo,
}

/// A file or a directory was removed.
#[derive(Clone, Debug, Serialize)]
pub struct Delete {
    /// Absolute path.
    pub path: String,
    /// The file.
    pub file: FileInfo,
}

/// A file or a directory was renamed or moved.
#[derive(Clone, Debug, Serialize)]
pub struct Rename {
    /// Absolute path before.
    pub old_path: String,
    /// Absolute path after.
    pub new_path: String,
    /// The file, as it is named now.
    pub file: FileInfo,
}
