//! The commands, one file each.

pub mod config;
#[cfg(unix)]
pub mod daemon;
#[cfg(not(unix))]
#[path = "commands/daemon_unknown.rs"]
pub mod daemon;
pub mod decode;
pub mod demo;
pub mod doctor;
pub mod record;
pub mod show;
pub mod status;
