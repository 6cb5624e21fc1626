//! The rules of the configuration's section `[policy]` at work: where alerts go,
//! and which providers were called before.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use oisp_policy::{AlertOutput, Rules};

use crate::failure::Failure;
use crate::platform;

/// Longest file of known providers that is read.
const MOST: u64 = 1 << 20;

/// Starts what gives alerts out.
///
/// # Errors
/// When the system has no thread for it.
pub fn alerts(rules: Rules) -> Result<AlertOutput, Failure> {
    AlertOutput::start(rules, append, known_file())
        .map_err(|error| Failure::new(format_args!("cannot start a thread: {error}")))
}

/// Providers that earlier runs have seen called.
pub fn known_providers() -> Vec<String> {
    let Some(path) = known_file() else {
        return Vec::new();
    };
    let is_small = std::fs::metadata(&path).is_ok_and(|file| file.len() <= MOST);
    let text = is_small.then(|| std::fs::read_to_string(&path).ok());
    let text = text.flatten().unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn known_file() -> Option<PathBuf> {
    Some(platform::state_dir()?.join("known-providers"))
}

/// Opens a file to append to that only its owner can read.
fn append(path: &Path) -> io::Result<File> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    platform::private_appended(path)
}
