//! Recorded exchanges with AI providers, replayed through the decoder.
//!
//! In: a file of exchanges, one JSON object a line, gzipped or not
//! ([`mod@file`]). Each exchange is put back on the wire ([`wire`]), given to
//! `oisp_decode` whole, and then in every other form that the same exchange
//! could have had on the wire ([`variants`]): cut at every byte, framed and
//! coded otherwise, over HTTP/2, among others on one connection, with a hole in
//! it. Out: a [`report::Report`] by provider, the exceptions with their reason,
//! and every variant that gave other events than the whole.
//!
//! Limits: a line of at most 64 MiB, a decoded body of at most 48 MiB. Whether
//! the events are *right* is not asked here, only whether they are the same
//! however the bytes came.

pub mod body;
pub mod coding;
pub mod compare;
pub mod file;
pub mod frames;
pub mod random;
pub mod reason;
pub mod replay;
pub mod report;
pub mod run;
#[cfg(test)]
mod sample;
mod table;
pub mod variants;
pub mod wire;

pub use file::{FileError, Recording};
pub use report::Report;
pub use run::{Effort, Options, run};
