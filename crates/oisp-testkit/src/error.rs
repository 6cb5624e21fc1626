//! What can go wrong when a provider starts.

use std::io;
use std::path::PathBuf;

/// Why a provider could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The loopback port is taken or not allowed.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; choose another port, or 0 for any")]
    Listen {
        /// The port asked for.
        port: u16,
        /// The system's answer.
        source: io::Error,
    },
    /// A file of the provider's folder could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The certificates could not be made.
    #[error("cannot make the test certificates: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS settings were refused.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
}
