//! The whole sensor with real clients: a loopback provider that remembers every
//! byte, real programs that call it, the built binary that watches them. What
//! the sensor tells is compared with what the provider knows.
//!
//! Capture needs root, and the clients of `clients/` must be installed
//! (`scripts/clients-setup.sh`). Where either is missing a test is skipped, and
//! says so; under `CI=true` a machine that cannot capture is a failure.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

mod support;

mod accounts;
mod agents;
mod command_line;
mod crowd;
mod daemon;
mod dashboard;
mod ends;
mod go;
mod kills;
mod log;
mod programs;
mod recordings;
mod reload;
mod secrets;
