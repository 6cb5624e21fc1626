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
//! Beside them, what processes do on the machine: `process`, `file`, `network`,
//! tied to the tool calls that caused it by `agents/effects.rs`.
//!
//! The same bytes give the same events, ids included, however they are cut into
//! chunks. Nothing is guessed: what was not captured is absent from the event,
//! and `confidence` says so.
//!
//! # Limits
//!
//! | What | At most |
//! |---|---|
//! | connections | [`MAX_CONNECTIONS`]; above it those that were silent longest are ended |
//! | heads, beginnings of frames and lines, tables of HTTP/2: of all connections | [`MAX_WAITING`]; above it those that hold most are ended |
//! | a head of HTTP/1, a header block of HTTP/2, its fields | 256 KiB each |
//! | a direction's table of HTTP/2 | 64 KiB |
//! | streams of a connection, of HTTP/2 | 1,024 |
//! | requests that wait for an answer, of HTTP/1 | 256 |
//! | a body, its coding undone | 48 MiB |
//! | all bodies under way | 256 MiB |
//! | an event of a stream | 32 MiB |
//! | what 4 KiB grow to between two codings | 4 MiB |
//! | values of a JSON document | 2 million; a new object counts as nine |
//! | items of a list of messages, tools or calls | 65,536 |
//! | choices, calls of tools and other parts of a streamed answer | 1,024, 1,024 and 4,096 |
//! | events of tool calls of one answer | 1,024 |
//! | processes whose parents are known | 131,072 |
//! | answers of name servers | 1,024 processes with 128 addresses each, 16,384 of the machine; for an hour |
//! | arguments of the tool calls under way, to tie events to | 16 MiB |
//! | requests whose other end may be captured, too | 65,536 |
//!
//! A buffer grows by doubling: what it takes may be twice what it holds, and
//! three times for as long as it moves. A document's tree comes on top of its
//! text while it is read. `tests/bounds.rs` measures all of it with streams
//! that mean harm.

mod agents;
mod auth;
mod body;
mod connection;
mod conversation;
mod decoder;
mod dialect;
mod emit;
mod ends;
mod exchange;
mod file;
mod form;
mod framing;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod http;
mod json;
mod lineage;
mod link;
mod mcp;
mod network;
mod observed;
mod process;
mod protobuf;
mod stream;
mod trace;
mod websocket;

pub use decoder::{Decoder, MAX_CONNECTIONS, MAX_WAITING, SILENCE_MS};
pub use oisp_core::HashKey;
