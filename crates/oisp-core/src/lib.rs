//! What every crate of the sensor speaks: raw capture records on one side,
//! OISP v0.1 events on the other, and the trait a capture backend implements.
//!
//! This crate knows no clock, no socket and no file. It depends on none of the
//! other crates of the workspace.

pub mod capture;
pub mod counters;
pub mod event;
mod hash_key;
pub mod id;
pub mod raw;
pub mod secret;
pub mod time;

pub use event::{Event, SafeEvent};
pub use hash_key::HashKey;
pub use id::{ConnId, EventId};
pub use raw::{
    Direction, FileEvent, NetEvent, ProcessEvent, ProcessFacts, RawEvent, RawKind, Remote, TlsEvent,
};
pub use secret::Secret;
pub use time::Timestamp;
