//! Measurements on the running sensor, with curl as the client and a provider
//! on loopback. Linux, as root. Whatever is started here is ended here.

mod call;
mod capture;
mod client;
mod file;
mod http;
mod latency;
mod process;
mod provider;
mod running;
mod sensor;
mod server;
mod soak;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::report::Report;

/// What capture costs the captured program.
pub fn capture(binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    match obstacle(binary) {
        Some(why) => report.skip("capture", &why),
        None => {
            call::measure(binary, report)?;
            capture::measure(binary, report)?;
            server::measure(binary, report)?;
        }
    }
    Ok(())
}

/// The sensor under load for so many minutes.
pub fn soak(binary: &Path, minutes: u32, report: &mut Report) -> anyhow::Result<()> {
    match obstacle(binary) {
        Some(why) => report.skip("soak", &why),
        None => soak::measure(binary, minutes, report)?,
    }
    Ok(())
}

/// The sensor as a whole: start, size, work while idle and under load.
pub fn sensor(binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    match obstacle(binary) {
        Some(why) => report.skip("sensor", &why),
        None => sensor::measure(binary, report)?,
    }
    Ok(())
}

/// Why nothing can be measured here.
fn obstacle(binary: &Path) -> Option<String> {
    // The owner of /proc/self is the effective user.
    if !std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        return Some("attaching to the kernel needs root; run it with sudo".into());
    }
    if !binary.exists() {
        return Some(format!(
            "there is no {}; build it first: make build",
            binary.display()
        ));
    }
    client::missing()
}
