//! Systems that have no backend in this version.

use std::path::PathBuf;

use oisp_core::capture::{CaptureBackend, CaptureError};
use serde_json::json;

use super::{BackendSettings, Report};

const WHAT: &str = "this version captures on Linux only";
const REMEDY: &str = "capture files made on Linux can be read here with `oisp-sensor decode FILE`";

/// There is none.
pub fn choose(settings: BackendSettings) -> Result<Box<dyn CaptureBackend>, CaptureError> {
    let BackendSettings {
        processes: _processes,
        cpu_share: _cpu,
        files: _files,
        signatures: _signatures,
        ring_bytes: _ring,
        plain: _plain,
        stdio: _stdio,
        registry: _registry,
    } = settings;
    Err(CaptureError::Unsupported {
        what: WHAT.into(),
        remedy: REMEDY.into(),
    })
}

/// Says that there is none.
#[expect(clippy::unnecessary_wraps, reason = "where there is one, it can fail")]
pub fn doctor(_process: Option<&str>, _signatures: &[PathBuf]) -> Result<Report, CaptureError> {
    let text = format!("{WHAT}; {REMEDY}");
    Ok(Report {
        json: json!({"works": false, "reason": text}),
        text,
        works: false,
        lacks_privilege: false,
    })
}
