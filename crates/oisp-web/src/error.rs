//! Why the dashboard cannot be served.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::tls::TlsError;

/// Why the dashboard cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Another program listens there.
    #[error("cannot serve the dashboard on {addr}: the port is taken by {}; stop it, or choose another port with `--port N`", Named(.holder))]
    PortTaken {
        /// The address that was asked for.
        addr: SocketAddr,
        /// Who has it, where that can be seen.
        holder: Option<Holder>,
    },
    /// Ports below 1024 need a privilege.
    #[error(
        "cannot serve the dashboard on {addr}: permission denied; choose a port from 1024 on with `--port N`"
    )]
    Forbidden {
        /// The address that was asked for.
        addr: SocketAddr,
    },
    /// The address does not belong to this machine, or another reason.
    #[error(
        "cannot serve the dashboard on {addr}: {source}; check the address, or choose another port with `--port N`"
    )]
    Bind {
        /// The address that was asked for.
        addr: SocketAddr,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Everybody on the network could read what programs say.
    #[error(
        "will not serve the dashboard on {addr} without a token: other machines reach that \
         address; leave out `--open-reads`, or listen on 127.0.0.1"
    )]
    OpenToAll {
        /// The address that was asked for.
        addr: SocketAddr,
    },
    /// The certificate or its key cannot be used.
    #[error("cannot serve the dashboard over TLS: {0}")]
    Tls(#[from] TlsError),
    /// The server ended by an error.
    #[error("the dashboard stopped: {0}")]
    Serve(#[source] io::Error),
}

/// The program that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Its short name.
    pub name: String,
}

struct Named<'a>(&'a Option<Holder>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(holder) => write!(f, "{} (pid {})", holder.name, holder.pid),
            None => f.write_str("another program"),
        }
    }
}
