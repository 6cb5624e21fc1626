//! The OpenAI family: what calls and answers say, in each of its APIs.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

#[path = "../support/mod.rs"]
mod support;
mod wire;

mod assistants;
mod audio;
mod chat_answer;
mod chat_request;
mod chat_stream;
mod images;
mod others;
mod responses;
mod responses_stream;
mod robust;
