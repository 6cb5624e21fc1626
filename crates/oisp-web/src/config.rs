//! What the user may set.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::token::Token;

/// Where the dashboard listens, and for whom.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Address and port. Port 0 takes a free one.
    pub addr: SocketAddr,
    /// Host names besides the loopback ones under which the dashboard may be
    /// asked for, such as the name of a reverse proxy. Without port.
    pub allowed_hosts: Vec<String>,
    /// Most live feeds at once.
    pub max_live: usize,
    /// What opens the dashboard. Without one nothing can be changed, and read
    /// only where reads are open.
    pub token: Option<Token>,
    /// Reading takes no token. On a loopback address only.
    pub open_reads: bool,
    /// Answers over TLS.
    pub tls: Option<TlsFiles>,
}

/// Where the certificate and its key are, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those between it and its root.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl WebConfig {
    /// The address when nothing is set.
    pub const DEFAULT_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7777);
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            addr: Self::DEFAULT_ADDR,
            allowed_hosts: Vec::new(),
            max_live: 64,
            token: None,
            open_reads: false,
            tls: None,
        }
    }
}
