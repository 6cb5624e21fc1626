//! Systems that are not Unix.

use std::fs::Metadata;
use std::path::PathBuf;

/// Where a file may be, in the order in which they are tried.
#[must_use]
pub fn places() -> Vec<PathBuf> {
    ["APPDATA", "ProgramData"]
        .into_iter()
        .filter_map(std::env::var_os)
        .map(|folder| {
            PathBuf::from(folder)
                .join("oisp-sensor")
                .join("config.toml")
        })
        .collect()
}

/// Access lists hold for it.
#[expect(clippy::unnecessary_wraps, reason = "on Unix, it can fail")]
pub(crate) const fn check_owner(_facts: &Metadata) -> Result<(), String> {
    Ok(())
}
