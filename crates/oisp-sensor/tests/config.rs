//! Configurations that cannot be used: each message is a snapshot, to be read as
//! somebody would who has never seen the sensor.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

#[path = "config/bad.rs"]
mod bad;
#[path = "config/reference.rs"]
mod reference;
#[path = "config/run.rs"]
mod run;
#[cfg(unix)]
#[path = "config/unix.rs"]
mod unix;
