//! OpenTelemetry: events as log records, exchanges and tool calls as spans, and
//! what they say in figures as metrics, over gRPC, HTTP with protobuf or HTTP
//! with JSON.
//!
//! In: batches of stored events. Out: OTLP 1.x export requests, names by the
//! semantic conventions 1.41 or, on request, the newer ones.
//!
//! `encode/` makes records, spans and measurements of events; `pack.rs` cuts
//! them into requests that a receiver takes; `transport/` sends one; `deliver.rs`
//! sees a batch through. `config.rs` is what a user writes, `env.rs` the standard
//! variables, `settings.rs` what both come to.
//!
//! Delivery is at-least-once. What is sent again carries the same ids: they are
//! hashes of the event's own.

mod config;
mod deliver;
mod encode;
mod env;
mod pack;
mod series;
mod settings;
mod transport;

pub use config::{
    Compression, OtlpConfig, Protocol, SemanticConventions, SignalConfig, Temporality,
};
pub use deliver::{OtlpSink, Recall};
pub use settings::{Settings, SettingsError};

#[cfg(test)]
mod tests;
