//! From plaintext bytes to events, sans I/O: no clock, no socket, no file.
//!
//! In: [`oisp_core::RawEvent`]s in capture order. Out: [`oisp_core::Event`]s,
//! not redacted. The way of the bytes:
//!
//! ```text
//! stream (order, gaps) → connection (protocol, side) → http (messages)
//!   → exchange (a request and its answer) → dialect (what they say) → emit (events)
//! ```
//!
//! The same bytes give the same events, ids included, however they are cut into
//! chunks. Nothing is guessed: what was not captured is absent from the event,
//! and `confidence` says so. Memory is bounded per message (48 MiB),
//! per head and per connection table ([`MAX_CONNECTIONS`]).

mod agents;
mod auth;
mod body;
mod connection;
mod conversation;
mod decoder;
mod dialect;
mod emit;
mod exchange;
mod form;
mod framing;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod http;
mod json;
mod mcp;
mod process;
mod protobuf;
mod stream;
mod trace;
mod websocket;

pub use auth::HashKey;
pub use decoder::{Decoder, MAX_CONNECTIONS, SILENCE_MS};
