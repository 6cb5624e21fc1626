//! The capture backend of this system.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod none;

#[cfg(target_os = "linux")]
pub use linux::{choose, doctor};
#[cfg(not(target_os = "linux"))]
pub use none::{choose, doctor};

/// What the user may set of a backend.
#[derive(Clone, Copy, Debug, Default)]
pub struct BackendSettings {
    /// Bytes of the buffer between kernel and sensor.
    pub ring_bytes: Option<u32>,
}

/// What a backend found out about this machine.
pub struct Report {
    /// For people.
    pub text: String,
    /// The same for programs.
    pub json: serde_json::Value,
    /// Capture can work here.
    pub works: bool,
    /// It does not because a privilege is missing.
    pub lacks_privilege: bool,
}
