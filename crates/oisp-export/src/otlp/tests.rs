//! What events become, and how requests travel.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod delivery;
mod mapping;
mod receiver;
mod samples;
mod settings;
mod travel;
