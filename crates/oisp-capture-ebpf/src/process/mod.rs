//! Processes as `/proc` shows them.

pub(crate) mod facts;
pub(crate) mod maps;
pub(crate) mod stat;
pub(crate) mod table;
pub(crate) mod users;

use std::path::PathBuf;

/// `/proc/PID/NAME`
pub(crate) fn path(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
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
