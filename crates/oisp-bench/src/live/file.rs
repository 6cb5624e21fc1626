//! The events file, read while it grows.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// Reads lines as they come.
pub(super) struct Tail {
    file: File,
    line: Vec<u8>,
}

impl Tail {
    /// From the start of the file.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self {
            file,
            line: Vec::new(),
        })
    }

    /// The events that were added since the last look.
    pub(super) fn news(&mut self) -> anyhow::Result<Vec<Value>> {
        let mut bytes = Vec::new();
        self.file
            .read_to_end(&mut bytes)
            .context("cannot read the events")?;
        let mut events = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                events.extend(serde_json::from_slice(&self.line).ok());
                self.line.clear();
            }
        }
        Ok(events)
    }
}

/// True for the whole answer of a call to this endpoint.
pub(super) fn is_whole_answer(event: &Value, endpoint: &str) -> bool {
    event
        .pointer("/event_type")
        .is_some_and(|kind| kind == "ai.response")
        && event
            .pointer("/confidence/completeness")
            .is_some_and(|found| found == "full")
        && event
            .pointer("/data/provider/endpoint")
            .is_some_and(|found| found == endpoint)
}
