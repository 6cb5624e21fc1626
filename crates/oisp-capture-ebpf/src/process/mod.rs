//! Processes as `/proc` shows them.

mod container;
pub(crate) mod facts;
mod groups;
pub(crate) mod maps;
pub(crate) mod sample;
pub(crate) mod stat;
pub(crate) mod table;
pub(crate) mod users;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// `/proc/PID/NAME`
pub(crate) fn path(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

/// The first `limit` bytes of a file of `/proc`.
pub(crate) fn start_of(path: &Path, limit: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(limit).ok()?;
    File::open(path)
        .ok()?
        .take(limit)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// All running processes, in no order.
pub(crate) fn all() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}
