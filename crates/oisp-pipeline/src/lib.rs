//! Wires the stages: capture → decode → enrich → policy → redact → store. One
//! thread takes every record through all of them, so that order holds and the
//! accounting is simple; behind the store each sink and screen goes at its own
//! pace.
//!
//! In: a channel of raw events. Out: the event log. What was decoded is kept or
//! dropped, and each drop is counted by its cause.

mod stages;
mod worker;

pub use stages::{Settings, Stages};
pub use worker::{RawQueue, Worker, raw_queue, start};
