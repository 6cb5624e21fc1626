//! Linux: eBPF.

use oisp_capture_ebpf::{EbpfCapture, EbpfConfig};
use oisp_core::capture::{CaptureBackend, CaptureError};

use super::{BackendSettings, Report};

/// The eBPF backend.
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub fn choose(settings: BackendSettings) -> Result<Box<dyn CaptureBackend>, CaptureError> {
    let config = EbpfConfig {
        ring_bytes: settings.ring_bytes,
        ..EbpfConfig::default()
    };
    Ok(Box::new(EbpfCapture::new(config)))
}

/// What the backend finds out about this machine.
pub fn doctor(_process: Option<&str>) -> Report {
    Report {
        text: String::new(),
        json: serde_json::json!({}),
        works: false,
        lacks_privilege: false,
    }
}
