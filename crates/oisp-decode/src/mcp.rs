//! The Model Context Protocol (revisions up to 2025-11-25, and 2026-07-28):
//! JSON-RPC 2.0 between a program and the servers whose tools it uses.
//!
//! In: JSON-RPC messages, from HTTP exchanges (Streamable HTTP, and the older
//! HTTP+SSE) and from newline-delimited JSON on a byte stream (stdio). Out: an
//! `agent.tool_call` for each `tools/call`, `resources/read` and `prompts/get`,
//! an `agent.tool_result` for its answer, and `ai.request` with `ai.response`
//! where a server asks for the client's model (`sampling/createMessage`). All
//! other methods make no event; the handshake gives the names of both ends.
//!
//! A call and its answer are paired by the JSON-RPC id within one HTTP exchange
//! or byte stream, and over exchanges only within a session that the wire
//! names. Limits: [`lines::MAX_LINE`] for a line, [`waiting::MAX_OPEN`] calls
//! that wait for an answer, [`names::MAX_LINKS`] sessions and servers that
//! are remembered.

mod asked;
mod emit;
mod lines;
mod message;
mod names;
mod outcome;
mod place;
mod reading;
mod sampling;
mod sessions;
mod talk;
mod waiting;

pub use lines::{Lines, find_line, is_line};
pub use message::may_be_message;
pub use sessions::Sessions;
pub use talk::{Stage, Talk};
