//! The machine that the sensor runs on.

#[cfg(any(target_os = "linux", test))]
mod cloud;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

use oisp_core::event::Host;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use portable as system;

/// What is known of this machine.
pub fn this_host() -> Host {
    Host {
        hostname: system::hostname(),
        device_id: system::device_id(),
        os: Some(os(std::env::consts::OS)),
        os_version: system::os_version(),
        arch: Some(arch(std::env::consts::ARCH)),
        kernel_version: system::kernel_version(),
        cloud: system::cloud(),
    }
}

fn os(name: &'static str) -> &'static str {
    match name {
        "macos" => "darwin",
        "linux" | "windows" | "freebsd" => name,
        _ => "other",
    }
}

fn arch(name: &'static str) -> &'static str {
    match name {
        "x86" => "i686",
        "x86_64" | "aarch64" | "arm" => name,
        _ => "other",
    }
}
