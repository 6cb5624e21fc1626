//! Where there is no capture backend to measure.

use std::path::Path;

use crate::report::Report;

/// What capture costs the captured program.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it can fail where there is a backend"
)]
pub fn capture(_binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    report.skip("capture", "there is no backend to measure on this system");
    Ok(())
}

/// The sensor as a whole.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it can fail where there is a backend"
)]
pub fn sensor(_binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    report.skip("sensor", "there is no backend to measure on this system");
    Ok(())
}

/// The sensor under load for so many minutes.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it can fail where there is a backend"
)]
pub fn soak(_binary: &Path, _minutes: u32, report: &mut Report) -> anyhow::Result<()> {
    report.skip("soak", "there is no backend to measure on this system");
    Ok(())
}
