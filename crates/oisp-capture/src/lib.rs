//! What capture backends share: the public capture format, one JSON object a
//! line, as files and bridges speak it (`docs/capture-format.md`).
//!
//! In: lines or [`oisp_core::RawEvent`]s. Out: the other.

mod ops;
mod reader;
mod record;
mod writer;

pub use reader::{LineError, MAX_LINE, Reader, Skipped, read_line};
pub use writer::Writer;
